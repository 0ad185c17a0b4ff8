"""The command `settings`: the settings of the site, and where each comes from."""

import argparse
import json
import sys
import textwrap

from pipelines.commands.usage import Commands, UsageError, print_table, settings

_INDENT = "    "


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "settings", help="the settings of the site, and where each comes from"
    )
    command.add_argument("names", nargs="*", metavar="SETTING", help="say also what it is for")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=_settings)


def _settings(arguments: argparse.Namespace) -> int:
    from pipelines.settings import descriptions

    found = settings()
    helps = descriptions()
    unknown = [name for name in arguments.names if name not in helps]
    if unknown:
        raise UsageError(f"There is no setting '{unknown[0]}'; 'pipelines settings' lists all.")
    names = arguments.names or list(helps)
    if arguments.json:
        document = {
            "File": found.file,
            "Settings": {
                name: {
                    "Description": helps[name],
                    "Source": found.sources[name],
                    "Value": getattr(found.site, name),
                }
                for name in names
            },
            "Site": found.name,
        }
        print(json.dumps(document, indent=2, sort_keys=True))
        return 0
    if found.file:
        print(f"Site '{found.name}' of {found.file}" if found.name else found.file, file=sys.stderr)
    rows = [(name, _text(getattr(found.site, name)), found.sources[name]) for name in names]
    if not arguments.names:
        print_table([("SETTING", "VALUE", "FROM"), *rows])
        return 0
    for name, value, source in rows:
        print(f"{name} = {value}  ({source})")
        print(textwrap.indent(helps[name], _INDENT))
    return 0


def _text(value: object) -> str:
    """A value as an environment variable has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in value.items())
    return str(value)
