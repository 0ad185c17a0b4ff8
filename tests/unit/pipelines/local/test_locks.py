"""Tests of pipelines.local.locks."""

import fcntl
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.local import locks
from pipelines.local.locks import is_locked, locked


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    """The second is told, and when the first is done the lock is free."""
    path = tmp_path / "lock"
    assert not is_locked(path)
    with locked(path) as first:
        assert first is not None
        assert is_locked(path)
        with locked(path) as second:
            assert second is None
    assert not is_locked(path)


def test_who_asks_slowly_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks may be stopped at any moment, for however long."""
    path = tmp_path / "lock"
    path.touch()
    waits: list[float] = []
    with path.open("r") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 5000:
                fcntl.flock(asking, fcntl.LOCK_UN)

        monkeypatch.setattr(locks, "time", SimpleNamespace(sleep=sleep))
        with locked(path) as file:
            assert file is not None
    assert len(waits) == 5000


def test_asking_never_keeps_anybody_out(tmp_path: Path) -> None:
    """Whoever asks all the time whether a lock is held does not look like a holder."""
    path = tmp_path / "lock"
    path.touch()
    is_done = threading.Event()

    def ask() -> None:
        while not is_done.is_set():
            is_locked(path)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    try:
        for _ in range(200):
            with locked(path) as file:
                assert file is not None
    finally:
        is_done.set()
        for thread in asking:
            thread.join()
