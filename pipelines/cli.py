"""The command `pipelines`: which words it takes, what it prints where, and how it exits.

Standard output is data, standard error is talk. Exit codes: 0 success; 1 an execution failed, a
check found something, an account refused or could not be reached, an endpoint could not be stopped
or left a request without an answer, or the disk is full or closed to us; 2 the command was used
wrongly; 3 `plan` found changes; 130 it was interrupted outside an execution. Nothing heavy is
imported until a command needs it.
"""

import argparse
import errno
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from pipelines.account.errors import AccountError
from pipelines.commands import (
    cost,
    definitions,
    doctor,
    endpoints,
    graph,
    packages,
    permissions,
    plan,
    publish,
    runs,
    scheduler,
    settings,
    stack,
    start,
    status,
    traffic,
)
from pipelines.commands.usage import UsageError, choosing_site
from pipelines.definition import DefinitionError
from steps.errors import DeclarationError

_DISK_ERRORS = {errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EROFS}
"""What a person has to mend: any other error of the system is a mistake of ours."""

COLLECT_AFTER = 200_000
"""New objects after which garbage is looked for; Python's own number is 700."""


def run() -> NoReturn:
    """Be the process of the command.

    The SDK's classes and botocore's models are some hundred thousand objects that live as long as
    the process: looking for garbage among them again and again, and at the end, took a third of its
    time.
    """
    gc.set_threshold(COLLECT_AFTER)
    try:
        sys.exit(main())
    finally:
        gc.freeze()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        arguments = _parser().parse_args(argv)
        with choosing_site(arguments.site):
            return int(arguments.command(arguments))
    except (DeclarationError, UsageError) as error:
        print(f"pipelines: {error}", file=sys.stderr)
        return 2
    except (AccountError, DefinitionError) as error:
        print(f"pipelines: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pipelines: Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output left, for example `head`; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        print(f"pipelines: A file cannot be read or written: {error}.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pipelines",
        formatter_class=_formatter,
        description="SageMaker Pipelines for image classification, here and in an account.",
        epilog="Settings are in site.toml and in variables SITE_*: see 'pipelines settings'.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    families = (
        definitions,
        graph,
        plan,
        publish,
        start,
        permissions,
        cost,
        runs,
        status,
        packages,
        endpoints,
        traffic,
        scheduler,
        settings,
        stack,
        doctor,
    )
    for family in families:
        family.add(commands)
    _add_site(parser, default="")
    for command in commands.choices.values():
        # Without a default, so that one before the command's name stays.
        _add_site(command, default=argparse.SUPPRESS)
    return parser


def _add_site(parser: argparse.ArgumentParser, *, default: str) -> None:
    parser.add_argument(
        "--site", metavar="NAME", default=default, help="a site of site.toml, such as prod"
    )


def _formatter(prog: str) -> argparse.HelpFormatter:
    formatter = argparse.HelpFormatter(prog)
    # argparse forgets that commands are indented twice, and would break the line of the longest.
    formatter._action_max_length = len("    permissions")
    return formatter
