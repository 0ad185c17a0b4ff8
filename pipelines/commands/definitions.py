"""Commands that compile and check definitions: `list`, `show`, `check`."""

import argparse
import json
import sys
from pathlib import Path

from pipelines.catalogue import CATALOGUE
from pipelines.commands.usage import Commands, UsageError, add_name, add_names, site
from pipelines.wording import file_error

_NAME_WIDTH = 28


def add(commands: Commands) -> None:
    """Declare the commands."""
    command = commands.add_parser("list", help="the pipelines of this project")
    command.set_defaults(command=_list)

    command = commands.add_parser("show", help="compile a pipeline and print its definition")
    add_name(command)
    parts = command.add_mutually_exclusive_group()
    parts.add_argument("--step", metavar="STEP", help="print this step only")
    parts.add_argument(
        "--bundles", action="store_true", help="list the source files that ship, and their digests"
    )
    parts.add_argument(
        "--parameters", action="store_true", help="list the pipeline parameters and their defaults"
    )
    command.set_defaults(command=_show)

    command = commands.add_parser("check", help="find what is wrong before anything runs")
    add_names(command, default="default: all pipelines")
    command.add_argument(
        "--definition", metavar="FILE", help="check this file instead; - is standard input"
    )
    command.set_defaults(command=_check)


def _list(_: argparse.Namespace) -> int:
    width = max(map(len, CATALOGUE))
    for entry in CATALOGUE.values():
        print(f"{entry.name:<{width}}  {entry.description}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from pipelines.compile import compile_pipeline
    from pipelines.definition import load, steps
    from pipelines.wording import alternatives

    compiled = compile_pipeline(arguments.name, site())
    if arguments.parameters:
        for parameter in load(compiled.definition)["Parameters"]:
            allowed = ", ".join(parameter.get("EnumValues", []))
            print(
                f"{parameter['Name']:<{_NAME_WIDTH}}{parameter['Type']:<10}"
                f"{parameter['DefaultValue']}{f'   one of: {allowed}' if allowed else ''}"
            )
        return 0
    if arguments.bundles:
        codes = [function.code for function in compiled.functions.values()]
        for bundle in (*compiled.bundles.values(), *codes):
            print(f"{bundle.name}  {bundle.digest}")
            for path, content in bundle.files.items():
                print(f"{len(content):>9}  {path}")
        return 0
    if arguments.step is None:
        print(compiled.definition, end="")
        return 0
    bodies = {step.name: step.body for step in steps(load(compiled.definition))}
    if arguments.step not in bodies:
        raise UsageError(
            f"Pipeline '{arguments.name}' has no step '{arguments.step}'. "
            f"{alternatives(arguments.step, bodies, 'Steps')}"
        )
    print(json.dumps(bodies[arguments.step], indent=2, sort_keys=True))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from pipelines.checks import check
    from pipelines.definition import load

    if arguments.definition is not None:
        if arguments.names:
            raise UsageError("Give pipeline names or --definition, not both.")
        texts = {arguments.definition: _read(arguments.definition)}
    else:
        from pipelines.compile import compile_pipeline

        names = arguments.names or list(CATALOGUE)
        texts = {name: compile_pipeline(name, site()).definition for name in names}
    num_findings = 0
    sources: dict[str, str] = {}
    for name, text in texts.items():
        try:
            definition = load(text)
        except ValueError as error:
            raise UsageError(f"{name}: {error}") from error
        for finding in check(definition):
            num_findings += 1
            sources[finding.rule] = finding.source
            print(f"{name}:{finding}")
    for rule, source in sorted(sources.items()):
        print(f"{rule}: {source}", file=sys.stderr)
    noun = "finding" if num_findings == 1 else "findings"
    print(f"{len(texts)} checked, {num_findings} {noun}", file=sys.stderr)
    return 1 if num_findings else 0


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The definition '{path}' cannot be read: {file_error(error)}.") from error
