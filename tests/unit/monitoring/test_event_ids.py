"""Tests of remembering events."""

from hypothesis import given
from hypothesis import strategies as st

from monitoring.event_ids import EventIds


@given(st.lists(st.lists(st.integers(0, 200).map(str), max_size=30), max_size=20))
def test_every_id_is_new_once(blocks: list[list[str]]) -> None:
    """An id is new where it occurs first, within blocks and across them."""
    ids, known = EventIds(), set()
    for block in blocks:
        expected = []
        for name in block:
            expected.append(name not in known)
            known.add(name)
        assert ids.add(block).tolist() == expected


def test_many_ids() -> None:
    """Runs are merged as they grow, and nothing is forgotten."""
    ids = EventIds()
    for start in range(0, 100_000, 1000):
        assert all(ids.add([f"event-{number}" for number in range(start, start + 1000)]))
    assert not any(ids.add([f"event-{number}" for number in range(100_000)]))
