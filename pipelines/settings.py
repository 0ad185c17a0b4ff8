"""Where the settings of the site come from: defaults, a file `site.toml`, environment variables.

Later ones win. The file has settings that all sites share, and a table for each site:

    project = "dog-breeds"

    [dev]
    account = "111122223333"
    monitoring_schedule = "off"

    [prod]
    account = "444455556666"
    tags = { team = "vision" }

It is looked for in the working folder and in the folders above, as far as the repository reaches;
`SITE_FILE` names another one. `SITE=prod` chooses a site. Every setting is also an environment
variable, such as `SITE_REGION=eu-west-1`. Nothing else decides what is compiled.
"""

import ast
import difflib
import inspect
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias, cast

from pipelines.timetable import parse_expression
from pipelines.triggers import NEVER
from pipelines.wording import file_error
from steps.errors import DeclarationError, SettingError, SiteError
from steps.site import Site

FILE_NAME = "site.toml"
CHOICE_VARIABLE = "SITE"
"""Environment variable that chooses a site of the file."""
FILE_VARIABLE = "SITE_FILE"
"""Environment variable that names another file."""
DEFAULT = "default"
"""In place of a source: nobody set it."""

_PREFIX = "SITE_"
_KINDS = {item.name: item.type for item in fields(Site)}
_SCHEDULES = ("monitoring_schedule", "retraining_schedule")

Value: TypeAlias = str | bool | int | tuple[str, ...] | Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """A site, and where it comes from."""

    site: Site
    name: str
    """The site's name in the file; empty without one."""
    file: str
    """The file; empty without one."""
    sources: Mapping[str, str]
    """Of each setting: a place in the file, an environment variable, or DEFAULT."""


def read_settings(environ: Mapping[str, str], folder: Path) -> Settings:
    """Find the file, and read it and the environment.

    Args:
        environ: Environment variables.
        folder: Where to begin to look for the file, and what `SITE_FILE` is relative to.

    Raises:
        SiteError: The file cannot be read, or settings are wrong.
    """
    named = environ.get(FILE_VARIABLE, "")
    path = folder / named if named else _find(folder.absolute())
    if path is None:
        return load_settings(environ)
    name = named or os.path.relpath(path, folder.absolute())
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(
            f"The settings '{name}' cannot be read: {file_error(error)}; correct {FILE_VARIABLE}, "
            "or the file."
        ) from error
    return load_settings(environ, text=text, file=name)


def _find(folder: Path) -> Path | None:
    """The nearest file; None where there is none.

    A file above the repository is not ours: whoever may write there would choose our account.
    """
    folders = [folder, *folder.parents]
    roots = (index for index, item in enumerate(folders) if (item / ".git").exists())
    candidates = [item / FILE_NAME for item in folders[: next(roots, 0) + 1]]
    return next((path for path in candidates if path.exists()), None)


def load_settings(environ: Mapping[str, str], *, text: str = "", file: str = "") -> Settings:
    """Make a site of a file's text and of environment variables.

    All sites of the file are checked, so that what is wrong with one is found before it is chosen.

    Args:
        environ: Environment variables; lists are comma-separated, tags are `key=value`, booleans
            are `true` or `false`, numbers are whole, and what is empty counts as not set.
        text: TOML.
        file: What messages call the file; empty: there is none.

    Raises:
        SiteError: Settings are wrong; all problems of all sources are listed.
    """
    reader = _Reader()
    document = reader.parse(text, file)
    tables = {
        name: value
        for name, value in document.items()
        if name not in _KINDS and isinstance(value, dict)
    }
    chosen = reader.choose(environ.get(CHOICE_VARIABLE, ""), list(tables), file)
    common = {name: value for name, value in document.items() if name not in tables}
    shared = reader.layer(common, _typed, lambda name: f"{file}: {name}")
    layers = {
        site: shared | reader.layer(table, _typed, f"{file}: {site}.{{}}".format)
        for site, table in tables.items()
    }
    variables = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(_PREFIX) and name != FILE_VARIABLE and value
    }
    layers[chosen] = layers.get(chosen, shared) | reader.layer(variables, _parsed, _variable)
    sites = {name: reader.site(layer) for name, layer in layers.items()}
    site = sites[chosen]
    if reader.problems or site is None:
        raise SiteError("\n".join(dict.fromkeys(reader.problems)))
    sources = {name: given.source for name, given in layers[chosen].items()}
    return Settings(
        site=site,
        name=chosen,
        file=file,
        sources={name: sources.get(name, DEFAULT) for name in _KINDS},
    )


def descriptions() -> dict[str, str]:
    """What each setting is, as it is written below its field."""
    declared = cast(ast.ClassDef, ast.parse(inspect.getsource(Site)).body[0])
    found = {}
    for statement, below in pairwise(declared.body):
        match statement, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str(text))):
                found[name] = inspect.cleandoc(text)
    return found


@dataclass(frozen=True, slots=True)
class _Given:
    """A value that somebody set, and where."""

    value: Value | None
    """None: it is of the wrong type, which has been said."""
    source: str


_Layer: TypeAlias = dict[str, _Given]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads settings, and notes what is wrong on the way."""

    problems: list[str] = field(default_factory=list)

    def parse(self, text: str, file: str) -> dict[str, Any]:
        """A file's content; empty where it is no TOML."""
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self.problems.append(f"{file} is no TOML: {error}.")
            return {}

    def choose(self, wanted: str, sites: list[str], file: str) -> str:
        """Name of the site to use; empty for the settings that all sites share."""
        if wanted in sites or not (wanted or sites):
            return wanted
        if not wanted and len(sites) == 1:
            return sites[0]
        how = f"with --site NAME or {CHOICE_VARIABLE}=NAME"
        known = ", ".join(sorted(sites))
        if not wanted:
            problem = f"{file} has the sites {known}; choose one {how}."
        elif not file:
            problem = (
                f"Site '{wanted}' is chosen, but there is no {FILE_NAME} in this folder or above "
                f"it in the repository; write one with a table [{wanted}], or choose none."
            )
        else:
            problem = (
                f"Site '{wanted}' is chosen, which {file} does not have; it has "
                f"{known or 'no tables'}."
            )
            for close in difflib.get_close_matches(wanted, sites, n=1):
                problem += f" Did you mean '{close}'?"
        self.problems.append(problem)
        return ""

    def layer(
        self,
        values: Mapping[str, Any],
        read: Callable[[Any, object], Value],
        source: Callable[[str], str],
    ) -> _Layer:
        """The settings of one source, less those that do not exist.

        Args:
            values: What the source has.
            read: Makes a value of a setting's type; a ValueError says what was expected.
            source: Place of a setting.
        """
        found: _Layer = {}
        for name, value in values.items():
            if name not in _KINDS:
                close = difflib.get_close_matches(name, _KINDS, n=1)
                hint = (
                    f"Did you mean '{source(close[0])}'?"
                    if close
                    else "'pipelines settings' lists all."
                )
                self.problems.append(f"{source(name)} is no setting. {hint}")
                continue
            try:
                found[name] = _Given(read(value, _KINDS[name]), source(name))
            except ValueError as error:
                found[name] = _Given(None, source(name))
                self.problems.append(f"{source(name)} is {value!r}; expected {error}.")
        return found

    def site(self, layer: _Layer) -> Site | None:
        """The site that a layer makes; None where something is wrong with it."""
        problems = []
        values = {name: given.value for name, given in layer.items() if given.value is not None}
        for name in _SCHEDULES:
            if name in values and values[name] != NEVER:
                try:
                    parse_expression(str(values[name]))
                except DeclarationError as error:
                    problems.append(f"{layer[name].source}: {error}")
        site = None
        try:
            site = Site(**values)  # type: ignore[arg-type]
        except SettingError as error:
            problems += [
                f"{layer[item.settings[0]].source} {item.text}"
                for item in error.problems
                # What another value of the wrong type leads to is none of its own.
                if all(name in values or name not in layer for name in item.settings)
            ]
        self.problems.extend(problems)
        return site


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"


def _typed(value: Any, kind: object) -> Value:
    """A value of a file, which has a type of its own."""
    match value:
        case bool() if kind is bool:
            return value
        case int() if kind is int and not isinstance(value, bool):
            return value
        case str() if kind is str:
            return value
        case list() if kind == tuple[str, ...] and _are_texts(value):
            return tuple(value)
        case dict() if kind == Mapping[str, str] and _are_texts(value.values()):
            return value
    raise ValueError(
        {
            bool: "true or false",
            int: "a whole number",
            str: "a text in quotes",
            tuple[str, ...]: "a list of texts",
        }.get(kind, "a table of texts")  # type: ignore[call-overload]
    )


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _parsed(text: str, kind: object) -> Value:
    """A value of an environment variable, which is a text."""
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise ValueError("true or false")
        return text.lower() == "true"
    if kind is int:
        if re.fullmatch(r"\d{1,9}", text, flags=re.ASCII) is None:
            raise ValueError("a whole number")
        return int(text)
    if kind is str:
        return text
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    if kind == tuple[str, ...]:
        return parts
    if not all("=" in part for part in parts):
        raise ValueError("key=value, with a comma between two")
    return dict(part.split("=", maxsplit=1) for part in parts)
