"""Commands that decide on model packages: `approve`, `reject`."""

import argparse
import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from pipelines.catalogue import MODEL_PACKAGE_PARAMETER
from pipelines.commands.usage import Commands, UsageError, add_root, next_command

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
    for word, status in (("approve", "Approved"), ("reject", "Rejected")):
        command = commands.add_parser(word, help=f"{word} a model package")
        command.add_argument(
            "package",
            metavar="PACKAGE",
            help=f"<group>/<version>, an ARN, or '{_LATEST}' for the newest",
        )
        command.add_argument("--note", default="", metavar="TEXT", help="why, for those who ask")
        add_root(command)
        command.set_defaults(command=partial(_decide, status))


def _decide(status: str, arguments: argparse.Namespace) -> int:
    from pipelines.execution import utc_now
    from pipelines.local.hosting import Hosting
    from pipelines.local.registry import ApprovalStatus, Registry

    if len(arguments.note) > _MAX_NOTE_CHARACTERS:
        raise UsageError(
            f"The note has {len(arguments.note)} characters; a package keeps at most "
            f"{_MAX_NOTE_CHARACTERS}."
        )
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
