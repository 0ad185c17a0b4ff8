"""Commands that run pipelines on this machine: `run`, `demo`."""

import argparse
import sys
from pathlib import Path

from pipelines.commands.usage import (
    Commands,
    UsageError,
    add_name,
    add_parameters,
    add_root,
    assignments,
    make_root,
    next_command,
    site,
)


def add(commands: Commands) -> None:
    """Declare the commands."""
    command = commands.add_parser("run", help="run a pipeline on this machine")
    add_name(command)
    add_parameters(command)
    command.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="folder of images; to train, one subfolder per label",
    )
    command.add_argument(
        "--resume", metavar="ID", help="go on with an execution that failed or was stopped"
    )
    add_root(command)
    command.set_defaults(command=_run)

    command = commands.add_parser("demo", help="run every step of the way on handwritten digits")
    add_root(command)
    command.set_defaults(command=_demo)


def _run(arguments: argparse.Namespace) -> int:
    from pipelines.execution import Status
    from pipelines.local.errors import LocalExecutionError
    from pipelines.run import run_pipeline
    from pipelines.summary import print_figures

    make_root(arguments.root)
    try:
        execution = run_pipeline(
            arguments.name,
            site(),
            parameters=assignments(arguments.parameter),
            root=arguments.root,
            images_dir=arguments.images,
            resume=arguments.resume,
        )
    except LocalExecutionError as error:
        raise UsageError(str(error)) from error
    print_figures(execution, arguments.root, sys.stderr)
    if execution.status is Status.STOPPED:
        words = next_command(f"run {arguments.name} --resume {execution.id}", arguments.root)
        print(f"Go on with {words}.", file=sys.stderr)
    print(execution.path)
    return 0 if execution.status is Status.SUCCEEDED else 1


def _demo(arguments: argparse.Namespace) -> int:
    from pipelines.demo import demo
    from pipelines.local.hosting import Hosting

    make_root(arguments.root)
    try:
        return demo(site(), arguments.root)
    finally:  # However it ended: what outlives it is not to be looked for.
        for endpoint in Hosting(arguments.root).endpoints():
            if endpoint.is_alive:
                words = next_command(f"endpoints stop {endpoint.name}", arguments.root)
                print(
                    f"\nEndpoint '{endpoint.name}' goes on running; end it with {words}.",
                    file=sys.stderr,
                )
