"""Writes the files that somebody reads later: whole or not at all."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file through a temporary one, so that readers see the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _neighbour(path, text.encode(), mode)
    temporary.replace(path)


def create_text(path: Path, text: str) -> None:
    """Write a file that must not exist yet.

    Raises:
        FileExistsError: Somebody else created it first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _neighbour(path, text.encode(), 0o644)
    try:
        path.hardlink_to(temporary)
    finally:
        temporary.unlink()


def write_json(path: Path, document: Any) -> None:
    """Write JSON with sorted keys, two-space indent and a trailing newline; NaN is refused."""
    write_text(path, to_json(document))


def to_json(document: Any) -> str:
    """The text of `write_json`."""
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _neighbour(path: Path, data: bytes, mode: int) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), mode)
    return Path(name)
