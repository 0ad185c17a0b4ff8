"""Counts the captured records of windows, in the memory of one block of a file."""

import gzip
import zlib
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from infrastructure.functions.select_window.window import Window

BLOCK_BYTES = 1024 * 1024
"""Text that is in memory at a time, unless a single line is longer."""

COMPRESSED_SUFFIX = ".gz"


def count_records(body: Any, name: str, windows: Collection[Window], hour: datetime) -> int:
    """Count the lines of a file that are records of any of the windows, readable or not.

    Where a compressed file breaks off there is one more: what is lost must be looked at, and not be
    taken for an hour without records.

    Args:
        body: The file's content, with `read(size)`.
        name: Its name; compressed if that ends in `.gz`.
        windows: The windows.
        hour: The hour that the records are of.
    """
    blocks = _inflated(body) if name.endswith(COMPRESSED_SUFFIX) else _blocks(body)
    if any(window.holds_hour(hour) for window in windows):
        return _num_lines(blocks)
    return sum(
        any(window.holds(line, hour) for window in windows)
        for line in _lines(blocks)
        if line.strip()
    )


def _blocks(body: Any) -> Iterator[bytes]:
    while block := body.read(BLOCK_BYTES):
        yield block


def _inflated(body: Any) -> Iterator[bytes]:
    file = gzip.GzipFile(fileobj=body)
    try:
        # One read at a time: a larger one that fails gives up what it has read already.
        while block := file.read1(BLOCK_BYTES):
            yield block
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield b"?"


def _num_lines(blocks: Iterator[bytes]) -> int:
    number, end = 0, b"\n"
    for block in blocks:
        number += block.count(b"\n")
        end = block[-1:]
    return number + (end != b"\n")


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
    yield rest
