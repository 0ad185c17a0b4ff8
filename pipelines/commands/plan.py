"""The command `plan`: what an upsert would change in the account."""

import argparse
import json
import os
import sys

from pipelines.commands.usage import Commands, add_name, has_colour, site

CHANGES_EXIT_CODE = 3
"""There is something to do: neither an error nor wrong use, and not nothing."""


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "plan", help="what an upsert would change; exit code 3 with changes, 0 without"
    )
    add_name(command)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=_plan)


def _plan(arguments: argparse.Namespace) -> int:
    from pipelines.account.clients import Clients
    from pipelines.account.deployed import read_state
    from pipelines.checks import refuse_mistakes
    from pipelines.compile import compile_pipeline
    from pipelines.definition import load
    from pipelines.plan import plan

    target = site()
    compiled = compile_pipeline(arguments.name, target)
    refuse_mistakes({compiled.name: load(compiled.definition)})
    state = read_state(compiled, target, Clients(target))
    found = plan(state.release, state.deployed)
    if arguments.json:
        print(json.dumps(found.to_document(), indent=2, sort_keys=True))
    else:
        print(found.render(has_colour=has_colour(sys.stdout, os.environ)), end="")
    return CHANGES_EXIT_CODE if found.has_changes else 0
