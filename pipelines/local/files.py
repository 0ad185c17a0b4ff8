"""Writes the files that somebody reads later: whole or not at all."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file through a temporary one, so that readers see the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _neighbour(path, text.encode(), mode) as temporary:
        temporary.replace(path)


def create_text(path: Path, text: str) -> None:
    """Write a file that must not exist yet.

    Raises:
        FileExistsError: Somebody else created it first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _neighbour(path, text.encode(), 0o644) as temporary:
        path.hardlink_to(temporary)


def write_json(path: Path, document: Any) -> None:
    """Write JSON with sorted keys, two-space indent and a trailing newline; NaN is refused."""
    write_text(path, to_json(document))


def to_json(document: Any) -> str:
    """The text of `write_json`."""
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"


@contextmanager
def _neighbour(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
        yield Path(name)
    finally:  # The disk may be full.
        Path(name).unlink(missing_ok=True)
