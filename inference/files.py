"""Atomic writes: a reader sees the old file or the whole new one."""

import json
import os
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then give it its name.

    Args:
        path: The file to write; its folder is created.
        write: Receives the temporary path, in the same folder and of the same suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process number keeps two jobs that write the same file apart.
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: object) -> None:
    """Write a JSON file: sorted keys, two-space indent, final newline, no NaN."""
    write_text(path, json.dumps(value, allow_nan=False, indent=2, sort_keys=True) + "\n")
