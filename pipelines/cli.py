"""The command `pipelines`: which words it takes, what it prints where, and how it exits.

Standard output is data, standard error is talk. Exit codes: 0 success; 1 an execution failed or a
check found something; 2 the command was used wrongly; 130 it was interrupted before an execution
started. Nothing heavy is imported until a command needs it.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.catalogue import CATALOGUE, RAW_DATA_PARAMETER
from steps.errors import DeclarationError
from steps.site import Site

DEFAULT_ROOT = Path(".local")
NAME_WIDTH = 28


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except (DeclarationError, UsageError) as error:
        print(f"pipelines: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("pipelines: Interrupted before anything was started.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output left, for example `head`; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


class UsageError(Exception):
    """The command was used wrongly; the message says how it is used."""


def _list(_: argparse.Namespace) -> int:
    width = max(map(len, CATALOGUE))
    for entry in CATALOGUE.values():
        print(f"{entry.name:<{width}}  {entry.description}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from pipelines.compile import compile_pipeline
    from pipelines.definition import load, steps

    compiled = compile_pipeline(arguments.name, _site())
    if arguments.parameters:
        for parameter in load(compiled.definition)["Parameters"]:
            allowed = ", ".join(parameter.get("EnumValues", []))
            print(
                f"{parameter['Name']:<{NAME_WIDTH}}{parameter['Type']:<10}"
                f"{parameter['DefaultValue']}{f'   one of: {allowed}' if allowed else ''}"
            )
        return 0
    if arguments.bundles:
        for bundle in compiled.bundles.values():
            print(f"{bundle.step}  {bundle.digest}")
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
            f"Steps: {', '.join(bodies)}."
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

        site = _site()
        names = arguments.names or list(CATALOGUE)
        texts = {name: compile_pipeline(name, site).definition for name in names}
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


def _run(arguments: argparse.Namespace) -> int:
    from pipelines.checks import DefinitionError
    from pipelines.local.errors import LocalExecutionError
    from pipelines.local.execution import Status
    from pipelines.run import run_pipeline
    from pipelines.summary import figures

    _make_root(arguments.root)
    parameters = _assignments(arguments.parameter)
    if arguments.images is not None:
        if not arguments.images.is_dir():
            raise UsageError(f"'{arguments.images}' is not a folder of images.")
        if RAW_DATA_PARAMETER in parameters:
            raise UsageError(f"Give --images or -p {RAW_DATA_PARAMETER}=..., not both.")
    try:
        execution = run_pipeline(
            arguments.name,
            _site(),
            parameters=parameters,
            root=arguments.root,
            images_dir=arguments.images,
            resume=arguments.resume,
        )
    except LocalExecutionError as error:
        raise UsageError(str(error)) from error
    except DefinitionError as error:
        print(f"pipelines: {error}", file=sys.stderr)
        return 1
    for name, value in figures(execution, arguments.root).items():
        print(f"{name:<18}{value}", file=sys.stderr)
    print(execution.path)
    return 0 if execution.status is Status.SUCCEEDED else 1


def _demo(arguments: argparse.Namespace) -> int:
    from pipelines.demo import demo

    _make_root(arguments.root)
    return demo(_site(), arguments.root)


def _make_root(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--root '{root}' is no folder that can be used: {error}.") from error
    if not os.access(root, os.W_OK):
        raise UsageError(f"--root '{root}' cannot be written to; name another folder.")


def _site() -> Site:
    return Site.from_environment(os.environ)


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The definition '{path}' cannot be read: {error}.") from error


def _assignments(texts: Sequence[str]) -> Mapping[str, str]:
    values: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise UsageError(f"'-p {text}' is not of the form -p Name=Value.")
        values[name] = value
    return values


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pipelines",
        description="SageMaker Pipelines for image classification, here and in an account.",
        epilog="Settings of the site are environment variables SITE_*; see the README.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = commands.add_parser("list", help="the pipelines of this project")
    command.set_defaults(command=_list)

    command = commands.add_parser("show", help="compile a pipeline and print its definition")
    command.add_argument("name", choices=CATALOGUE, metavar="NAME")
    command.add_argument("--step", metavar="STEP", help="print this step only")
    command.add_argument(
        "--bundles", action="store_true", help="list the source files that ship, and their digests"
    )
    command.add_argument(
        "--parameters", action="store_true", help="list the pipeline parameters and their defaults"
    )
    command.set_defaults(command=_show)

    command = commands.add_parser("check", help="find what is wrong before anything runs")
    command.add_argument("names", nargs="*", metavar="NAME")
    command.add_argument(
        "--definition", metavar="FILE", help="check this file instead; - is standard input"
    )
    command.set_defaults(command=_check)

    command = commands.add_parser("run", help="run a pipeline on this machine")
    command.add_argument("name", choices=CATALOGUE, metavar="NAME")
    command.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a pipeline parameter; may be repeated",
    )
    command.add_argument(
        "--images", type=Path, metavar="DIR", help="folder of images, one subfolder per label"
    )
    command.add_argument(
        "--resume", metavar="ID", help="go on with a failed execution from the step that failed"
    )
    _add_root(command)
    command.set_defaults(command=_run)

    command = commands.add_parser("demo", help="run the training pipeline on handwritten digits")
    _add_root(command)
    command.set_defaults(command=_demo)
    return parser


def _add_root(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--root",
        type=Path,
        default=DEFAULT_ROOT,
        metavar="DIR",
        help=f"folder of the object store, executions and packages (default: {DEFAULT_ROOT})",
    )
