"""The command `graph`: the steps of a pipeline and how they wait for each other."""

import argparse
from pathlib import Path

from pipelines.commands.usage import Commands, UsageError, add_name, site
from pipelines.wording import file_error


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser("graph", help="draw the steps of a pipeline")
    add_name(command)
    command.add_argument("--svg", type=Path, metavar="FILE", help="write a picture to this file")
    command.add_argument(
        "--mermaid", action="store_true", help="print Mermaid text; so without a picture"
    )
    command.set_defaults(command=_graph)


def _graph(arguments: argparse.Namespace) -> int:
    from pipelines.compile import compile_pipeline
    from pipelines.definition import load
    from pipelines.graph import graph
    from pipelines.graph.svg import svg

    compiled = compile_pipeline(arguments.name, site())
    drawn = graph(load(compiled.definition), title=arguments.name)
    if arguments.svg is not None:
        try:
            arguments.svg.write_text(svg(drawn), encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"The picture '{arguments.svg}' cannot be written: {file_error(error)}."
            ) from error
    if arguments.mermaid or arguments.svg is None:
        print(drawn, end="")
    return 0
