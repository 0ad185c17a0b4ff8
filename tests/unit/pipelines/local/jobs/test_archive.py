"""Tests of pipelines.local.jobs.archive."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from pipelines.local.jobs.archive import pack, unpack


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """Neither order of creation, times, modes nor the target's name change the archive."""
    for name, order in (("one", "ab"), ("two", "ba")):
        for number, letter in enumerate(order):
            path = tmp_path / name / "deep" / letter
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(letter)
            path.chmod(0o600 + number)
            os.utime(path, (number, number))
        pack(tmp_path / name, tmp_path / f"{name}.tar.gz")

    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()


def test_unpacking_gives_the_files_back(tmp_path: Path) -> None:
    """What was packed comes out again, of bytes and of a file."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a").write_text("a")
    pack(tmp_path / "in", tmp_path / "x.tar.gz")

    unpack((tmp_path / "x.tar.gz").read_bytes(), tmp_path / "out")
    unpack(tmp_path / "x.tar.gz", tmp_path / "again")

    assert (tmp_path / "out" / "deep" / "a").read_text() == "a"
    assert (tmp_path / "again" / "deep" / "a").read_text() == "a"


def test_members_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    """An archive cannot write beside its folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../evil"))

    with pytest.raises(tarfile.OutsideDestinationError):
        unpack(buffer.getvalue(), tmp_path / "out")
