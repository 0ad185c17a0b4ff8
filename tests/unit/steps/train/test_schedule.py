"""The learning rate of each step."""

import pytest

from steps.train.schedule import learning_rate


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param(0, 0.1, id="start"),
        pytest.param(10, 0.55, id="half-warm"),
        pytest.param(20, 1.0, id="peak"),
        pytest.param(60, 0.5, id="half-down"),
    ],
)
def test_rate_rises_to_the_peak_and_falls(step: int, expected: float) -> None:
    """A tenth of the peak at first, the peak after a fifth, half of it halfway down."""
    assert learning_rate(step, num_steps=100, peak=2.0) == pytest.approx(2 * expected)


def test_last_rate_is_small_but_positive() -> None:
    """Every step still learns."""
    assert 0 < learning_rate(99, num_steps=100, peak=1.0) < 0.01
    assert learning_rate(0, num_steps=1, peak=1.0) == pytest.approx(0.1)
