"""Locks on files: each ends with the process that holds it, however that ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_RETRY_SECONDS = 0.001


@contextmanager
def locked(path: Path) -> Iterator[IO[str] | None]:
    """Hold the lock of a file, which is created; gives the open file, or None if it is taken."""
    with path.open("a") as file:
        yield file if _acquire(file) else None


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file; no file, no lock."""
    try:
        with path.open("r") as file:
            return not _try(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _acquire(file: IO[str]) -> bool:
    """Hold the lock, unless somebody does; those that only ask are waited out, however slow."""
    while not _try(file, fcntl.LOCK_EX):
        if not _try(file, fcntl.LOCK_SH):
            return False
        fcntl.flock(file, fcntl.LOCK_UN)
        time.sleep(_RETRY_SECONDS)
    return True


def _try(file: IO[str], operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
