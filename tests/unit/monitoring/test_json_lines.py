"""Tests of reading lines in blocks."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import json_lines
from monitoring.damage import Damage
from monitoring.json_lines import read_lines


def write(path: Path, content: bytes) -> Path:
    """Write a file, compressed if its name says so."""
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@given(
    st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line)),
    st.integers(1, 30),
    st.sampled_from(["a.jsonl", "a.jsonl.gz"]),
    st.booleans(),
)
def test_lines_come_with_their_numbers(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    block_bytes: int,
    name: str,
    has_end: bool,
) -> None:
    """Blocks of any size give the lines of the file in order, and count them."""
    content = b"\n".join(lines) + (b"\n" if has_end else b"")
    path = write(tmp_path_factory.mktemp("lines") / name, content)
    damage = Damage()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "BLOCK_BYTES", block_bytes)
        found: list[bytes] = []
        for number, block in read_lines(path, damage):
            assert number == len(found) + 1
            found += block
    assert b"\n".join(found) == content.removesuffix(b"\n")
    assert not damage.counts


def test_a_line_that_is_too_long_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted once, is never in memory as a whole, and the next line is read."""
    monkeypatch.setattr(json_lines, "BLOCK_BYTES", 4)
    monkeypatch.setattr(json_lines, "MAX_LINE_BYTES", 10)
    path = write(tmp_path / "a.jsonl", b"ab\n" + b"x" * 100 + b"\ncd\n" + b"y" * 50)
    damage = Damage()
    lines = [line for _, block in read_lines(path, damage) for line in block]
    assert lines == [b"ab", b"", b"cd"]
    assert damage.to_document() == [
        {
            "reason": "the line is too long",
            "count": 2,
            "places": [
                {"file": str(path), "line": 2, "detail": ""},
                {"file": str(path), "line": 4, "detail": ""},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("spoil", "detail", "num_lines"),
    [
        pytest.param(lambda data: data[:-20], "Compressed file ended before", 4900, id="cut-off"),
        pytest.param(lambda data: data[:-8] + b"\0" * 8, "CRC check failed", 5000, id="checksum"),
        # The library gives up the part that it reads at a time.
        pytest.param(lambda data: data[:20_000] + b"\xff" * 99, "Error -3", 0, id="garbage"),
    ],
)
def test_the_lines_before_a_break_are_read(
    tmp_path: Path, spoil: Callable[[bytes], bytes], detail: str, num_lines: int
) -> None:
    """Of a compressed file that breaks off comes what can be had, and the break is counted."""
    expected = [f"line {number} {number**5:x}".encode() for number in range(5000)]
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(spoil(gzip.compress(b"\n".join(expected) + b"\n")))
    damage = Damage()
    lines = [line for _, block in read_lines(path, damage) for line in block]
    assert len(lines) >= num_lines
    assert lines == expected[: len(lines)]
    [item] = damage.to_document()
    assert item["reason"] == "the file is no whole gzip file: its rest is lost"
    assert item["places"][0]["line"] == len(lines) + 1
    assert item["places"][0]["detail"].startswith(detail)


def test_what_is_lost_of_a_broken_file(tmp_path: Path) -> None:
    """The damage says how much of a compressed file was not even looked at."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"1\n2\n") + b"x" * 500_000)
    damage = Damage()
    assert [line for _, block in read_lines(path, damage) for line in block] == [b"1", b"2"]
    [item] = damage.to_document()
    match = re.fullmatch(
        r"(\d+) of (\d+) bytes were not read: Not a gzipped file \(b'xx'\)",
        item["places"][0]["detail"],
    )
    assert match is not None
    assert int(match[2]) == path.stat().st_size
    # The library looks at less than 200,000 bytes at a time.
    assert 300_000 < int(match[1]) < 500_000


def test_a_file_that_is_not_compressed(tmp_path: Path) -> None:
    """A name can promise what the content does not keep."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(b"{}\n")
    damage = Damage()
    assert list(read_lines(path, damage)) == []
    assert damage.to_document()[0]["places"] == [
        {
            "file": str(path),
            "line": 1,
            "detail": "1 of 3 bytes were not read: Not a gzipped file (b'{}')",
        }
    ]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """That a file is not there is no damage of its content."""
    with pytest.raises(FileNotFoundError):
        list(read_lines(tmp_path / "a.jsonl", Damage()))
