"""The command `scheduler`: runs pipelines when they are due, and acts on drift and approvals."""

import argparse
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.catalogue import CATALOGUE, RAW_DATA_PARAMETER
from pipelines.commands.usage import Commands, UsageError, add_root, make_root, next_command, site

if TYPE_CHECKING:
    from pipelines.local.execution import LocalExecution
    from steps.site import Site


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "scheduler", help="run what is due, and answer drift and approvals, until Ctrl-C"
    )
    command.add_argument("--once", action="store_true", help="end when nothing is left to do now")
    command.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="folder of images to train on; otherwise the one the approved model was trained on",
    )
    add_root(command)
    command.set_defaults(command=_scheduler)


def _scheduler(arguments: argparse.Namespace) -> int:
    from pipelines.automation import local_scheduler
    from pipelines.local.errors import LocalExecutionError
    from pipelines.triggers import schedules

    if arguments.images is not None and not arguments.images.is_dir():
        raise UsageError(f"'{arguments.images}' is not a folder of images.")
    make_root(arguments.root)
    settings = site()
    scheduler = local_scheduler(
        settings,
        arguments.root,
        schedules=schedules(settings),
        start=lambda name, parameters: _start(name, parameters, settings, arguments),
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    try:
        with _interrupted_by_termination():
            scheduler.run(is_once=arguments.once)
    except LocalExecutionError as error:
        raise UsageError(str(error)) from error
    except KeyboardInterrupt:
        if arguments.once:
            raise
        print(file=sys.stderr)  # After the ^C of the terminal.
    if scheduler.stopped is not None:
        words = f"run {scheduler.stopped.pipeline} --resume {scheduler.stopped.id}"
        print(f"Go on with {next_command(words, arguments.root)}.", file=sys.stderr)
    if arguments.once:
        return 1 if scheduler.has_failure else 0
    print("The scheduler has ended.", file=sys.stderr)
    return 0


def _start(
    name: str, parameters: Mapping[str, str], settings: "Site", arguments: argparse.Namespace
) -> "LocalExecution":
    from pipelines.definition import DefinitionError
    from pipelines.local.errors import LocalExecutionError
    from pipelines.run import run_pipeline
    from pipelines.summary import print_figures
    from steps.errors import DeclarationError

    images_dir = None
    if name in CATALOGUE and CATALOGUE[name].images_parameter == RAW_DATA_PARAMETER:
        images_dir = arguments.images
    if images_dir is not None:  # In place of what the approved model was trained on.
        parameters = {key: parameters[key] for key in parameters if key != RAW_DATA_PARAMETER}
    try:
        execution = run_pipeline(
            name, settings, parameters=parameters, root=arguments.root, images_dir=images_dir
        )
    except (DeclarationError, DefinitionError) as error:
        raise LocalExecutionError(str(error)) from error
    print_figures(execution, arguments.root, sys.stderr)
    print(execution.path, flush=True)
    return execution


@contextmanager
def _interrupted_by_termination() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, where no execution minds both."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
