"""Commands about executions in the account: `start`, `stop`, `retry`."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.commands.usage import (
    Commands,
    UsageError,
    add_name,
    add_parameters,
    assignments,
    site,
)

if TYPE_CHECKING:
    from pipelines.account.clients import Clients
    from pipelines.account.selection import Selection
    from steps.site import Site

_EXECUTION = "an ARN, an id, <pipeline>/<id>, a pipeline for its newest, or 'latest'"


def add(commands: Commands) -> None:
    """Declare the commands."""
    command = commands.add_parser("start", help="start a pipeline in the account")
    add_name(command)
    add_parameters(command)
    steps = command.add_mutually_exclusive_group()
    steps.add_argument(
        "--only",
        metavar="STEP,...",
        help="run these steps, on the results and parameters of the newest execution that fits",
    )
    steps.add_argument(
        "--from", dest="first", metavar="STEP", help="run this step and all after it, likewise"
    )
    command.add_argument(
        "--name", dest="display_name", default="", metavar="TEXT", help="name for people"
    )
    command.add_argument("--description", default="", metavar="TEXT", help="what it is for")
    command.add_argument(
        "--token", metavar="TOKEN", help="of an earlier call, which is then not done twice"
    )
    _add_wait(command)
    command.set_defaults(command=_start)

    command = commands.add_parser("stop", help="stop an execution in the account")
    command.add_argument("execution", metavar="EXECUTION", help=_EXECUTION)
    command.set_defaults(command=_stop)

    command = commands.add_parser(
        "retry", help="let an execution in the account that failed go on where it ended"
    )
    command.add_argument("execution", metavar="EXECUTION", help=_EXECUTION)
    _add_wait(command)
    command.set_defaults(command=_retry)


def _add_wait(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--wait", action="store_true", help="show it until it has ended; exit code 1 if it failed"
    )


def _start(arguments: argparse.Namespace) -> int:
    from pipelines.account.clients import Clients
    from pipelines.account.executions import execution_id
    from pipelines.account.start import new_token, start
    from pipelines.local.errors import ParameterError

    target = site()
    clients = Clients(target)
    token = _token(arguments.token) if arguments.token is not None else new_token()

    def say_token() -> None:
        if arguments.token is None:
            print(f"The call can be repeated with --token {token}.", file=sys.stderr)

    try:
        started = start(
            arguments.name,
            target,
            clients,
            token=token,
            parameters=assignments(arguments.parameter),
            selection=_selection(arguments),
            display_name=arguments.display_name,
            description=arguments.description,
            before_call=say_token,
        )
    except ParameterError as error:
        raise UsageError(str(error)) from error
    print(started.arn, flush=True)
    if started.reference is not None:
        name = f"{arguments.name}/{execution_id(started.reference)}"
        print(f"Results and parameters of {name} are used again.", file=sys.stderr)
    return _watch(started.arn, target, clients) if arguments.wait else 0


def _token(text: str) -> str:
    from pipelines.account.start import MAX_TOKEN_CHARACTERS, MIN_TOKEN_CHARACTERS

    if not MIN_TOKEN_CHARACTERS <= len(text) <= MAX_TOKEN_CHARACTERS:
        raise UsageError(
            f"--token has {len(text)} characters; expected {MIN_TOKEN_CHARACTERS} to "
            f"{MAX_TOKEN_CHARACTERS}, as an earlier call printed it."
        )
    return text


def _selection(arguments: argparse.Namespace) -> "Selection | None":
    from pipelines.account.selection import Selection

    if arguments.only is not None:
        return Selection(only=tuple(name.strip() for name in arguments.only.split(",")))
    return Selection(first=arguments.first) if arguments.first is not None else None


def _stop(arguments: argparse.Namespace) -> int:
    from pipelines.account.clients import Clients
    from pipelines.account.executions import find_execution
    from pipelines.account.start import stop

    target = site()
    clients = Clients(target)
    arn = find_execution(arguments.execution, target, clients)
    stop(arn, clients)
    print(arn)
    print("It is being stopped, and so are its jobs.", file=sys.stderr)
    return 0


def _retry(arguments: argparse.Namespace) -> int:
    from pipelines.account.clients import Clients
    from pipelines.account.executions import find_execution
    from pipelines.account.start import retry

    target = site()
    clients = Clients(target)
    arn = find_execution(arguments.execution, target, clients)
    retry(arn, clients)
    print(arn, flush=True)
    print(
        "It goes on with the definition that it started with; to run what has been published "
        "since, use 'pipelines start --from'.",
        file=sys.stderr,
    )
    return _watch(arn, target, clients) if arguments.wait else 0


def _watch(arn: str, target: "Site", clients: "Clients") -> int:
    from pipelines.account.executions import watch
    from pipelines.display import choose_display
    from pipelines.execution import Status

    with _saying_that_it_goes_on(arn):
        execution = watch(arn, target, clients, choose_display(sys.stderr, os.environ))
    return 0 if execution.status is Status.SUCCEEDED else 1


@contextmanager
def _saying_that_it_goes_on(arn: str) -> Iterator[None]:
    """Say, where watching ends before the execution does, that the execution does not end."""
    from pipelines.account.errors import AccountError
    from pipelines.account.executions import execution_id

    try:
        yield
    except (AccountError, KeyboardInterrupt):
        identity = execution_id(arn)
        print(
            f"The execution goes on. See it with 'pipelines status --account {identity}', stop it "
            f"with 'pipelines stop {identity}'.",
            file=sys.stderr,
        )
        raise
