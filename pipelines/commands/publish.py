"""Commands that publish pipelines in an account, and take them back: `upsert`, `delete`."""

import argparse
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipelines.catalogue import CATALOGUE
from pipelines.commands.usage import Commands, UsageError, add_name, add_names, has_colour, site

if TYPE_CHECKING:
    from pipelines.account.clients import Clients
    from pipelines.compile import Compiled
    from steps.site import Site


def add(commands: Commands) -> None:
    """Declare the commands."""
    command = commands.add_parser("upsert", help="create or update pipelines in the account")
    add_names(command)
    command.add_argument("--all", action="store_true", help="all pipelines of the catalogue")
    command.set_defaults(command=_upsert)

    command = commands.add_parser(
        "delete", help="delete a pipeline in the account, and what starts it"
    )
    add_name(command)
    command.set_defaults(command=_delete)


def _upsert(arguments: argparse.Namespace) -> int:
    from pipelines.account.clients import Clients
    from pipelines.checks import refuse_mistakes
    from pipelines.compile import compile_pipeline
    from pipelines.definition import load

    if bool(arguments.names) == arguments.all:
        raise UsageError("Name the pipelines to publish, or say --all.")
    target = site()
    names: Iterable[str] = CATALOGUE if arguments.all else dict.fromkeys(arguments.names)
    compiled = [compile_pipeline(name, target) for name in names]
    refuse_mistakes({item.name: load(item.definition) for item in compiled})
    clients = Clients(target)
    for item in compiled:
        _publish(item, target, clients)
        print(target.pipeline_arn(item.name))
    return 0


def _publish(compiled: "Compiled", target: "Site", clients: "Clients") -> None:
    from pipelines.account.deployed import read_state
    from pipelines.account.lease import this_writer
    from pipelines.account.upsert import upsert
    from pipelines.plan import plan

    state = read_state(compiled, target, clients)
    to_do = plan(state.release, state.deployed)
    print(to_do.render(has_colour=has_colour(sys.stderr, os.environ)), end="", file=sys.stderr)
    try:
        upsert(state, target, clients, owner=this_writer(), say=_say)
    except KeyboardInterrupt:
        _say(
            f"Who starts {to_do.pipeline_name} gets the one before or the new one, with all that "
            "it names; 'pipelines upsert' completes the rest."
        )
        raise


def _delete(arguments: argparse.Namespace) -> int:
    from pipelines.account.clients import Clients
    from pipelines.account.delete import delete
    from pipelines.account.lease import this_writer

    target = site()
    delete(arguments.name, target, Clients(target), owner=this_writer(), say=_say)
    print(
        f"Data, model packages, endpoints and what is under '{target.uri('')}' stay.",
        file=sys.stderr,
    )
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr)
