"""Commands about model packages: `packages`, `approve`, `reject`."""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.catalogue import MODEL_PACKAGE_PARAMETER
from pipelines.commands.usage import (
    Commands,
    UsageError,
    add_root,
    next_command,
    print_table,
    site,
)

if TYPE_CHECKING:
    from pipelines.definition import Json
    from pipelines.local.registry import Registry

_LATEST = "latest"
_MAX_NOTE_CHARACTERS = 1024
"""Source: Amazon SageMaker AI API Reference, UpdateModelPackage, ApprovalDescription,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
"""


def add(commands: Commands) -> None:
    """Declare the commands."""
    command = commands.add_parser("packages", help="model packages, newest first")
    command.add_argument("--json", action="store_true", help="print JSON")
    _add_account(command, "list the account's packages, not this machine's")
    add_root(command)
    command.set_defaults(command=_list)
    for word, status in (("approve", "Approved"), ("reject", "Rejected")):
        command = commands.add_parser(word, help=f"{word} a model package")
        command.add_argument(
            "package",
            metavar="PACKAGE",
            help=f"<group>/<version>, an ARN, or '{_LATEST}' for the newest",
        )
        command.add_argument("--note", default="", metavar="TEXT", help="why, for those who ask")
        _add_account(command, "decide on a package of the account, not of this machine")
        add_root(command)
        command.set_defaults(command=partial(_decide, status))


def _add_account(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument("--account", action="store_true", help=text)


def _list(arguments: argparse.Namespace) -> int:
    packages = _account_packages() if arguments.account else _local_packages(arguments.root)
    if arguments.json:
        print(json.dumps(packages, indent=2, sort_keys=True))
    elif packages:
        rows = [
            (
                _short(package),
                str(package["ModelApprovalStatus"]),
                f"{datetime.fromisoformat(str(package['CreationTime'])):%Y-%m-%d %H:%M:%S}",
            )
            for package in packages
        ]
        print_table([("PACKAGE", "STATUS", "REGISTERED (UTC)"), *rows])
    else:
        print("There are no model packages; a training registers them.", file=sys.stderr)
    return 0


def _local_packages(root: Path) -> "list[Mapping[str, Json]]":
    from pipelines.local.registry import Registry

    registry = Registry(root)
    packages = [package for group in registry.groups() for package in registry.packages(group)]
    return sorted(packages, key=lambda package: str(package["CreationTime"]), reverse=True)


def _account_packages() -> "list[Mapping[str, Json]]":
    from pipelines.account.clients import Clients
    from pipelines.account.packages import list_packages

    target = site()
    return [package.to_document() for package in list_packages(target, Clients(target))]


def _decide(status: str, arguments: argparse.Namespace) -> int:
    if len(arguments.note) > _MAX_NOTE_CHARACTERS:
        raise UsageError(
            f"The note has {len(arguments.note)} characters; a package keeps at most "
            f"{_MAX_NOTE_CHARACTERS}."
        )
    return (_decide_there if arguments.account else _decide_here)(status, arguments)


def _decide_there(status: str, arguments: argparse.Namespace) -> int:
    """Decide on a package of the account."""
    from pipelines.account.clients import Clients
    from pipelines.account.packages import find_package, set_approval, train_as_approved

    target = site()
    clients = Clients(target)
    package = find_package(arguments.package, target, clients)
    set_approval(package, status, clients, note=arguments.note)
    print(f"{package.name} {status}", flush=True)
    for change in train_as_approved(target, clients):
        print(change, file=sys.stderr)
    return 0


def _decide_here(status: str, arguments: argparse.Namespace) -> int:
    """Decide on a package of this machine."""
    from pipelines.execution import utc_now
    from pipelines.local.hosting import Hosting
    from pipelines.local.registry import ApprovalStatus, Registry

    registry = Registry(arguments.root)
    package = registry.set_approval(
        _name(registry, arguments),
        ApprovalStatus(status),
        description=arguments.note,
        now=utc_now(),
    )
    name = _short(package)
    print(f"{name} {status}")
    if status == ApprovalStatus.APPROVED:
        words = f"run deployment -p {MODEL_PACKAGE_PARAMETER}={name}"
        print(f"Deploy it with {next_command(words, arguments.root)}.", file=sys.stderr)
        return 0
    for endpoint in Hosting(arguments.root).endpoints():
        if endpoint.is_alive and package["ModelPackageArn"] in endpoint.model_packages:
            print(f"Endpoint '{endpoint.name}' goes on to serve it.", file=sys.stderr)
    return 0


def _name(registry: "Registry", arguments: argparse.Namespace) -> str:
    """The ARN of the package that is meant."""
    packages = [package for group in registry.groups() for package in registry.packages(group)]
    if not packages:
        raise UsageError(
            f"There is no model package under '{arguments.root}'; register one with "
            f"{next_command('run training --images DIR', arguments.root)}."
        )
    if arguments.package == _LATEST:
        newest = max(packages, key=lambda package: str(package["CreationTime"]))
        return str(newest["ModelPackageArn"])
    found = registry.find(arguments.package)
    if found is None:
        from pipelines.local.errors import choices

        raise UsageError(
            f"There is no model package '{arguments.package}'. "
            f"Packages: {choices([_short(package) for package in packages])}."
        )
    return str(found["ModelPackageArn"])


def _short(package: Mapping[str, "Json"]) -> str:
    return f"{package['ModelPackageGroupName']}/{package['ModelPackageVersion']}"
