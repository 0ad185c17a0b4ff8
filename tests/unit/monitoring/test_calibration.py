"""Tests of calibration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.calibration import NUM_BINS, calibration_bins, expected_calibration_error

OUTCOMES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1)


@given(OUTCOMES)
def test_bins_hold_every_prediction_once(outcomes: list[tuple[float, bool]]) -> None:
    """Each bin counts the probabilities in (lower, upper], the first one 0 as well."""
    bins = calibration_bins([p for p, _ in outcomes], [is_right for _, is_right in outcomes])
    assert len(bins) == NUM_BINS
    for index, group in enumerate(bins):
        members = [
            (p, is_right)
            for p, is_right in outcomes
            if group.lower < p <= group.upper or (index == 0 and p == 0)
        ]
        assert group.num_images == len(members)
        if members:
            mean = sum(p for p, _ in members) / len(members)
            assert group.mean_probability == pytest.approx(mean)
            accuracy = sum(is_right for _, is_right in members) / len(members)
            assert group.accuracy == pytest.approx(accuracy)


@given(OUTCOMES)
def test_error_is_a_fraction(outcomes: list[tuple[float, bool]]) -> None:
    """The error lies between 0 and 1."""
    bins = calibration_bins([p for p, _ in outcomes], [is_right for _, is_right in outcomes])
    assert 0 <= expected_calibration_error(bins) <= 1


def test_error_by_hand() -> None:
    """Two bins: 3 images at 0.9 of which 1 is right, 1 image at 0.5 that is right."""
    bins = calibration_bins([0.9, 0.9, 0.9, 0.5], [True, False, False, True])
    expected = 3 / 4 * abs(1 / 3 - 0.9) + 1 / 4 * abs(1 - 0.5)
    assert expected_calibration_error(bins) == pytest.approx(expected)


def test_probability_outside_its_range() -> None:
    """A probability above 1 is a fault of whoever computed it."""
    with pytest.raises(ValueError, match=r"^Probabilities") as caught:
        calibration_bins([0.5, 1.5], [True, True])
    assert str(caught.value) == "Probabilities must lie in [0, 1]; got 0.5 to 1.5."


@pytest.mark.parametrize(
    ("probabilities", "outcomes"), [([], []), ([0.5], [])], ids=["empty", "lengths"]
)
def test_outcomes_that_do_not_fit(probabilities: list[float], outcomes: list[bool]) -> None:
    """Every probability needs its outcome."""
    with pytest.raises(ValueError, match=r"^Calibration") as caught:
        calibration_bins(probabilities, outcomes)
    assert str(caught.value) == (
        "Calibration needs one outcome per probability, and one at least. "
        f"Got {len(probabilities)} probabilities and 0 outcomes."
    )
