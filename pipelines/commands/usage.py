"""What all commands share: how wrong use is said, the folder they work in, and tables."""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeAlias

from pipelines.catalogue import CATALOGUE, no_pipeline
from pipelines.local import DEFAULT_ROOT
from pipelines.tables import text_table
from pipelines.wording import file_error
from steps.site import Site

if TYPE_CHECKING:
    from pipelines.settings import Settings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a family of commands declares its own."""

_LEAST_CHARACTERS = 60
"""Of a last column, however narrow the terminal is."""


class UsageError(Exception):
    """The command was used wrongly; the message says how it is used."""


def add_root(command: argparse.ArgumentParser, *, default: object = DEFAULT_ROOT) -> None:
    """Add the option `--root`."""
    command.add_argument(
        "--root",
        type=Path,
        default=default,
        metavar="DIR",
        help=f"folder of the object store, executions and packages (default: {DEFAULT_ROOT})",
    )


def add_name(command: argparse.ArgumentParser) -> None:
    """Add the argument `name`, a pipeline of the catalogue."""
    command.add_argument("name", type=_pipeline, metavar="NAME", help="one of 'pipelines list'")


def add_names(command: argparse.ArgumentParser, *, default: str = "") -> None:
    """Add the argument `names`, any number of them; `default` says what none of them means."""
    command.add_argument(
        "names", nargs="*", type=_pipeline, metavar="NAME", help=default or "of 'pipelines list'"
    )


def _pipeline(text: str) -> str:
    if text not in CATALOGUE:
        raise UsageError(no_pipeline(text))
    return text


def add_parameters(command: argparse.ArgumentParser) -> None:
    """Add the option `-p`, whose values `assignments` reads."""
    command.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a pipeline parameter; may be repeated",
    )


def make_root(root: Path) -> None:
    """Make the folder where it is not there yet.

    Raises:
        UsageError: It cannot be made or written to.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--root '{root}' is no folder that can be used: {file_error(error)}."
        ) from error
    if not os.access(root, os.W_OK):
        raise UsageError(f"--root '{root}' cannot be written to; name another folder.")


def next_command(words: str, root: Path) -> str:
    """A command to go on with, in quotes; it names the root where that is not the default."""
    option = "" if root == DEFAULT_ROOT else f" --root {shlex.quote(str(root))}"
    return f"'pipelines {words}{option}'"


_chosen_site = ContextVar("_chosen_site", default="")


@contextmanager
def choosing_site(name: str) -> Iterator[None]:
    """Let commands use this site of the file; empty: the one that the environment chooses.

    It is said around a command, not to it, so that none can forget it and go to another account.
    """
    token = _chosen_site.set(name)
    try:
        yield
    finally:
        _chosen_site.reset(token)


def settings() -> "Settings":
    """The settings of the file, of the environment and of the command line."""
    from pipelines.settings import CHOICE_VARIABLE, read_settings

    chosen = _chosen_site.get()
    choice = {CHOICE_VARIABLE: chosen} if chosen else {}
    return read_settings({**os.environ, **choice}, Path.cwd())


def site() -> Site:
    """The site that they make."""
    return settings().site


def has_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to write colours: to a terminal that shows them, unless `NO_COLOR` is set."""
    is_plain = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return stream.isatty() and not is_plain


def assignments(texts: Sequence[str]) -> dict[str, str]:
    """What `-p Name=Value`, given again and again, says.

    Raises:
        UsageError: One has another form.
    """
    values: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise UsageError(f"'-p {text}' is not of the form -p Name=Value.")
        values[name] = value
    return values


def print_table(rows: Sequence[Sequence[str]], *, stream: TextIO | None = None) -> None:
    """Print rows with aligned columns; the last column may be as long as it is.

    Args:
        rows: The rows, the header first.
        stream: Where to; None: standard output.
    """
    for line in text_table(rows):
        print(line, file=stream)


def print_list(rows: Sequence[Sequence[str]]) -> None:
    """Print rows on standard output, whose last column is a text that may be long.

    Each has one line. On a terminal its text is cut where the terminal ends; a file or another
    program gets all of it.

    Args:
        rows: The rows, the header first.
    """
    lines = list(text_table([(*row[:-1], " ".join(row[-1].split())) for row in rows]))
    start = len(lines[0]) - len(rows[0][-1])
    width = max(shutil.get_terminal_size().columns, start + _LEAST_CHARACTERS)
    for line in lines:
        is_cut = sys.stdout.isatty() and len(line) > width
        print(f"{line[: width - 3]}..." if is_cut else line)
