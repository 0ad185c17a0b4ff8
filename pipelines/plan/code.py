"""Finds the code that a definition names by digest, and what has changed in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelines.definition import Json
from pipelines.plan.verb import Verb

_NAMED = re.compile(
    r"/code/(?P<step>\w+)/(?P<step_digest>[0-9a-f]{64})(?=/|$)"
    r"|:function:[\w-]*?(?P<function>[A-Za-z0-9_]+):code-(?P<function_digest>[0-9a-f]{12})$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChange:
    """A source file that is not as it was."""

    verb: Verb
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeChange:
    """A bundle that is not as it was."""

    name: str
    """Folder of the step or function."""
    old_digest: str
    new_digest: str
    files: tuple[FileChange, ...] | None
    """None: the deployed bundle has no manifest that could be read."""


def named_code(value: Json) -> dict[str, str]:
    """Digests of the bundles and functions that a JSON value names, by their folders."""
    return dict(_named(value))


def _named(value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        for match in _NAMED.finditer(value):
            yield (
                match["step"] or match["function"],
                match["step_digest"] or match["function_digest"],
            )
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _named(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _named(item)


Manifests = Mapping[tuple[str, str], Mapping[str, str]]
"""SHA-256 by path, by the name and digest of a bundle."""


def code_changes(old: Json, new: Json, manifests: Manifests) -> tuple[CodeChange, ...]:
    """The bundles that both values name, with different digests."""
    before, after = named_code(old), named_code(new)
    return tuple(
        CodeChange(
            name=name,
            old_digest=before[name],
            new_digest=digest,
            files=_file_changes(manifests.get((name, before[name])), manifests.get((name, digest))),
        )
        for name, digest in after.items()
        if before.get(name, digest) != digest
    )


def with_new_code(old: Json, changes: tuple[CodeChange, ...]) -> Json:
    """A value as it would be with the new digests in the places of the old ones."""
    if isinstance(old, str):
        for change in changes:
            old = old.replace(change.old_digest, change.new_digest)
        return old
    if isinstance(old, Mapping):
        return {key: with_new_code(item, changes) for key, item in old.items()}
    if isinstance(old, list):
        return [with_new_code(item, changes) for item in old]
    return old


def _file_changes(
    old: Mapping[str, str] | None, new: Mapping[str, str] | None
) -> tuple[FileChange, ...] | None:
    if old is None or new is None:
        return None
    verbs = {
        **{path: Verb.REMOVED for path in old if path not in new},
        **{path: Verb.ADDED for path in new if path not in old},
        **{path: Verb.CHANGED for path in new if old.get(path, new[path]) != new[path]},
    }
    return tuple(FileChange(verb=verb, path=path) for path, verb in sorted(verbs.items()))
