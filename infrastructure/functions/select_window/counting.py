"""Counts the captured records of a window, in the memory of one block of a file."""

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

BLOCK_BYTES = 1024 * 1024
"""Text that is in memory at a time, unless a single line is longer."""

COMPRESSED_SUFFIX = ".gz"

# Quotes inside of a captured body are escaped, so that no answer can pass for the record's time.
_TIME = re.compile(rb'"inferenceTime"\s*:\s*"([^"\\]+)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The records from `start` up to, and without, `end`: whole seconds of UTC."""

    start: datetime
    end: datetime

    def holds_hour(self, hour: datetime) -> bool:
        """Whether the whole hour is in the window."""
        return self.start <= hour and hour.replace(minute=59, second=59) < self.end

    def holds(self, line: bytes) -> bool:
        """Whether a record is in the window; it may be where its time cannot be read."""
        match = _TIME.search(line)
        try:
            time = datetime.fromisoformat(match[1].decode()) if match else None
        except ValueError:
            time = None
        if time is None or time.tzinfo is None:
            return True
        return self.start <= time.astimezone(UTC) < self.end


def count_records(body: Any, name: str, window: Window, hour: datetime) -> int:
    """Count the lines of a file that are records of the window, readable or not.

    Args:
        body: The file's content, with `read(size)`.
        name: Its name; compressed if that ends in `.gz`.
        window: The window.
        hour: The hour that the records are of.
    """
    blocks = _blocks(gzip.GzipFile(fileobj=body) if name.endswith(COMPRESSED_SUFFIX) else body)
    if window.holds_hour(hour):
        return _num_lines(blocks)
    return sum(window.holds(line) for line in _lines(blocks) if line.strip())


def _blocks(file: Any) -> Iterator[bytes]:
    try:
        while block := file.read(BLOCK_BYTES):
            yield block
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return  # A compressed file that breaks off counts up to the break.


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
