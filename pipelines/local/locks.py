"""Locks on files: each ends with the process that holds it, however that ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_PROBE_SECONDS = 0.5
"""`is_locked` holds a lock for an instant, which whoever wants to hold it waits out."""
_RETRY_SECONDS = 0.01


@contextmanager
def locked(path: Path) -> Iterator[IO[str] | None]:
    """Hold the lock of a file, which is created; gives the open file, or None if it is taken."""
    with path.open("a") as file:
        yield file if _acquire(file) else None


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file; no file, no lock."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _acquire(file: IO[str]) -> bool:
    deadline = time.monotonic() + _PROBE_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_RETRY_SECONDS)
        else:
            return True
