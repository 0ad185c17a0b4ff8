"""Commands about the endpoints of this machine: `endpoints list`, `logs` and `stop`."""

import argparse
import json
import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from pipelines.commands.usage import (
    Commands,
    UsageError,
    add_root,
    next_command,
    print_table,
)

if TYPE_CHECKING:
    from pipelines.local.hosting import EndpointState, Hosting

_LOG_LINES = 20
_POLL_SECONDS = 0.2


def add(commands: Commands) -> None:
    """Declare the commands."""
    family = commands.add_parser("endpoints", help="list the endpoints, show their logs, stop them")
    _add_list_options(family, is_default=True)
    family.set_defaults(command=_list)
    inner = family.add_subparsers(title="commands", metavar="COMMAND")

    command = inner.add_parser("list", help="the endpoints; so without a command")
    # Options before this word hold as well as options after it.
    _add_list_options(command, is_default=False)
    command.set_defaults(command=_list)

    command = inner.add_parser("logs", help="show the end of an endpoint's log")
    command.add_argument("name", metavar="NAME")
    command.add_argument("--follow", action="store_true", help="go on until the endpoint ends")
    command.add_argument(
        "--lines", type=int, default=_LOG_LINES, metavar="N", help=f"default: {_LOG_LINES}"
    )
    add_root(command, default=argparse.SUPPRESS)
    command.set_defaults(command=_logs)

    command = inner.add_parser("stop", help="end endpoints; what they captured stays")
    command.add_argument("names", nargs="*", metavar="NAME")
    command.add_argument("--all", action="store_true", help="end all of them")
    add_root(command, default=argparse.SUPPRESS)
    command.set_defaults(command=_stop)


def _add_list_options(command: argparse.ArgumentParser, *, is_default: bool) -> None:
    command.add_argument(
        "--json",
        action="store_true",
        default=False if is_default else argparse.SUPPRESS,
        help="print JSON",
    )
    if is_default:
        add_root(command)
    else:
        add_root(command, default=argparse.SUPPRESS)


def _list(arguments: argparse.Namespace) -> int:
    from pipelines.local.hosting import Hosting

    endpoints = Hosting(arguments.root).endpoints()
    if arguments.json:
        print(json.dumps([_document(endpoint) for endpoint in endpoints], indent=2, sort_keys=True))
        return 0
    if not endpoints:
        words = next_command("run deployment", arguments.root)
        print(f"No endpoints under '{arguments.root}'; deploy one with {words}.", file=sys.stderr)
        return 0
    print_table(
        [
            ("NAME", "STATUS", "MODEL PACKAGE", "URL", "CHANGED (UTC)"),
            *(
                (
                    endpoint.name,
                    endpoint.status,
                    ", ".join(map(_short, endpoint.model_packages)) or "-",
                    endpoint.url if endpoint.is_alive else "-",
                    endpoint.modified[:19].replace("T", " "),
                )
                for endpoint in endpoints
            ),
        ]
    )
    for endpoint in endpoints:
        if endpoint.failure_reason:
            reason = f"its last deployment failed: {endpoint.failure_reason}"
            print(f"Endpoint '{endpoint.name}': {reason}", file=sys.stderr)
        if not endpoint.is_alive:
            again = f"run deployment -p EndpointName={endpoint.name}"
            print(
                f"Endpoint '{endpoint.name}' does not answer: its process {endpoint.pid} has ended."
                f" Start it again with {next_command(again, arguments.root)}, or remove it with "
                f"{next_command(f'endpoints stop {endpoint.name}', arguments.root)}. "
                f"Its log is {endpoint.log_path}.",
                file=sys.stderr,
            )
    return 0


def _document(endpoint: "EndpointState") -> dict[str, object]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointStatus": endpoint.status,
        "EndpointConfigName": endpoint.config_name,
        "ModelPackageArns": list(endpoint.model_packages),
        "FailureReason": endpoint.failure_reason,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "Url": endpoint.url,
        "ProcessId": endpoint.pid,
        "IsAlive": endpoint.is_alive,
        "LogPath": str(endpoint.log_path),
    }


def _short(model_package_arn: str) -> str:
    """The package's group and version."""
    return model_package_arn.partition("/")[2]


def _logs(arguments: argparse.Namespace) -> int:
    from pipelines.local.hosting import Hosting

    if arguments.lines < 0:
        raise UsageError(f"--lines is {arguments.lines}; expected 0 or more.")
    hosting = Hosting(arguments.root)
    endpoint = find_endpoint(hosting, arguments.name)
    with endpoint.log_path.open(encoding="utf-8", errors="replace") as log:
        print("".join(deque(log, maxlen=arguments.lines)), end="", flush=True)
        while arguments.follow:
            # Asked first, so that nothing is missed that was written before the end.
            is_over = not _is_alive(hosting, arguments.name)
            print(log.read(), end="", flush=True)
            if is_over:
                break
            try:
                time.sleep(_POLL_SECONDS)
            except KeyboardInterrupt:
                break
    return 0


def _stop(arguments: argparse.Namespace) -> int:
    from pipelines.local.errors import StepFailed
    from pipelines.local.hosting import Hosting

    if bool(arguments.names) == arguments.all:
        raise UsageError("Name the endpoints to stop, or say --all.")
    hosting = Hosting(arguments.root)
    if arguments.all:
        names = [endpoint.name for endpoint in hosting.endpoints()]
    else:
        # A wrong name stops none.
        names = [find_endpoint(hosting, name).name for name in dict.fromkeys(arguments.names)]
    code = 0
    for name in names:
        try:
            hosting.stop(name)
        except StepFailed as error:
            print(f"pipelines: {error}", file=sys.stderr)
            code = 1
        else:
            print(name)
    return code


def _is_alive(hosting: "Hosting", name: str) -> bool:
    endpoint = hosting.endpoint(name)
    return endpoint is not None and endpoint.is_alive


def find_endpoint(hosting: "Hosting", name: str) -> "EndpointState":
    """The endpoint with this name.

    Raises:
        UsageError: There is none.
    """
    from pipelines.local.errors import choices

    endpoint = hosting.endpoint(name)
    if endpoint is None:
        names = [known.name for known in hosting.endpoints()]
        raise UsageError(f"There is no endpoint '{name}'. Endpoints: {choices(names)}.")
    return endpoint
