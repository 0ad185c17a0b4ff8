"""Reads the lines of JSON Lines files in blocks, compressed or not, whatever they hold."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from monitoring.damage import Damage, Reason

BLOCK_BYTES = 1024 * 1024
"""Text that is in memory at a time, unless a single line is longer."""

MAX_LINE_BYTES = 32 * 1024 * 1024
"""Longest line that is read: a request and an answer of 6 MiB each in base64 fit in twice."""

COMPRESSED_SUFFIX = ".gz"


def read_lines(path: Path, damage: Damage) -> Iterator[tuple[int, list[bytes]]]:
    """Lines of a file in blocks, each with the number of its first line, counted from 1.

    Lines come without their ends. In the place of one that is too long an empty one comes, and
    of a file that breaks off the lines before the break.

    Args:
        path: The file; compressed if its name ends in `.gz`.
        damage: Receives the lines that are too long and the files that break off.

    Raises:
        OSError: The file cannot be opened or read.
    """
    number, rest, is_too_long = 1, b"", False
    with path.open("rb") as raw, _content(path, raw) as file:
        try:
            for chunk in _chunks(file):
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                if lines:
                    if is_too_long:
                        lines[0], is_too_long = b"", False
                    yield number, lines
                    number += len(lines)
                if len(rest) > MAX_LINE_BYTES:
                    damage.add(Reason.TOO_LONG, path, number)
                    is_too_long = True
                if is_too_long:
                    rest = b""
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            num_read, num_bytes = raw.tell(), path.stat().st_size
            # Some of what was read is lost, too; the library does not say how much.
            is_rest = num_read < num_bytes
            unread = f"{num_bytes - num_read} of {num_bytes} bytes were not read: "
            damage.add(Reason.BROKEN_FILE, path, number, f"{unread if is_rest else ''}{error}")
            return
    if rest:
        yield number, [rest]


def _content(path: Path, raw: io.BufferedReader) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=raw) if path.suffix == COMPRESSED_SUFFIX else raw


def _chunks(file: io.BufferedIOBase) -> Iterator[bytes]:
    """The file's content in parts of about the size of a block; all of it that can be had."""
    parts: list[bytes] = []
    num_bytes = 0
    is_end = False
    while not is_end:
        try:
            # One read at a time: a larger one that fails gives up what it has read already.
            part = file.read1(BLOCK_BYTES - num_bytes)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield b"".join(parts)
            raise
        parts.append(part)
        num_bytes += len(part)
        is_end = not part
        if is_end or num_bytes >= BLOCK_BYTES:
            yield b"".join(parts)
            parts, num_bytes = [], 0
