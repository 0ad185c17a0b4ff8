"""Tests of pipelines.local.search."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pipelines.local.errors import StepFailed
from pipelines.local.search import Range, Search, Settings, TrialSearch, read_ranges

RATE = Range(name="rate", kind="Continuous", low=1e-4, high=1.0, scaling="Logarithmic")
SIZE = Range(name="size", kind="Integer", low=2, high=9)
NETWORK = Range(name="network", kind="Categorical", values=("small", "large"))


def settings(**changes: Any) -> Settings:
    """Settings of a search over three hyperparameters."""
    defaults: dict[str, Any] = {
        "ranges": (RATE, SIZE, NETWORK),
        "strategy": "Bayesian",
        "is_maximizing": False,
        "seed": 0,
        "num_trials": 12,
        "num_parallel": 2,
    }
    return Settings(**{**defaults, **changes})


def distance(trial: TrialSearch) -> float:
    """An objective with its least value at rate 0.01 and size 5."""
    return abs(math.log10(float(trial.values["rate"])) + 2) + abs(int(trial.values["size"]) - 5)


def play(
    search: Search, finish: Callable[[list[TrialSearch]], TrialSearch]
) -> list[dict[str, str]]:
    """The suggestions of a search whose trials end in the order that `finish` chooses."""
    running: list[TrialSearch] = []
    values = []
    number = 0
    while number < search.num_trials or running:
        while (
            number < search.num_trials
            and len(running) < search.settings.num_parallel
            and search.is_ready(number)
        ):
            running.append(search.suggest(number))
            values.append(running[-1].values)
            number += 1
        trial = finish(running)
        running.remove(trial)
        trial.report(distance(trial))
        trial.conclude(has_failed=False)
    return values


@pytest.mark.parametrize("strategy", ["Bayesian", "Random"])
def test_suggestions_do_not_depend_on_which_trial_ends_first(strategy: str) -> None:
    """First in, first out and last in, first out give the same hyperparameters."""
    first = play(Search(settings(strategy=strategy)), lambda running: running[0])
    last = play(Search(settings(strategy=strategy)), lambda running: running[-1])

    assert first == last
    assert len({tuple(values.items()) for values in first}) > 6


def test_the_seed_decides() -> None:
    """Another seed searches elsewhere."""
    one = play(Search(settings(seed=1)), lambda running: running[0])
    two = play(Search(settings(seed=2)), lambda running: running[0])

    assert one != two


def test_bayesian_search_comes_closer_than_random_search() -> None:
    """Over ten seeds the best of 30 trials is better with the model than without."""

    def mean_best(strategy: str) -> float:
        bests = []
        for seed in range(10):
            search = Search(
                settings(
                    strategy=strategy, seed=seed, num_trials=30, num_parallel=1, ranges=(RATE, SIZE)
                )
            )
            objectives = []
            for number in range(30):
                trial = search.suggest(number)
                objectives.append(distance(trial))
                trial.report(objectives[-1])
                trial.conclude(has_failed=False)
            bests.append(min(objectives))
        return sum(bests) / len(bests)

    assert mean_best("Bayesian") < mean_best("Random")


def test_values_are_text_within_their_ranges() -> None:
    """Integers have no point, every value is in its range, and all ranges are used."""
    for values in play(Search(settings()), lambda running: running[0]):
        assert 1e-4 <= float(values["rate"]) <= 1.0
        assert 2 <= int(values["size"]) <= 9
        assert values["network"] in {"small", "large"}


def test_a_trial_waits_for_those_that_it_may_know() -> None:
    """With two trials at once, trial 2 waits for trial 0 and not for trial 1."""
    search = Search(settings())
    trials = [search.suggest(0), search.suggest(1)]

    before = search.is_ready(2)
    trials[1].conclude(has_failed=True)
    after_one = search.is_ready(2)
    trials[0].conclude(has_failed=True)

    assert (before, after_one, search.is_ready(2)) == (False, False, True)
    assert list(search.known(4)) == [0, 1, 2]


def test_a_grid_takes_every_combination_once() -> None:
    """The grid ends when its points are used up, in the order of the ranges."""
    ranges = (NETWORK, Range(name="flip", kind="Categorical", values=("0", "1")))
    search = Search(settings(strategy="Grid", ranges=ranges, num_parallel=4))

    values = [search.suggest(number).values for number in range(search.num_trials)]

    assert values == [
        {"network": "small", "flip": "0"},
        {"network": "small", "flip": "1"},
        {"network": "large", "flip": "0"},
        {"network": "large", "flip": "1"},
    ]


def test_a_grid_needs_categories() -> None:
    """The service's Grid takes no numbers, and neither does this one."""
    with pytest.raises(StepFailed) as error:
        Search(settings(strategy="Grid"))

    assert str(error.value) == (
        "Hyperparameter 'rate' is Continuous; the strategy Grid takes categorical hyperparameters "
        "only."
    )


def scaled(scaling: str, low: str, high: str, kind: str = "Continuous") -> dict[str, Any]:
    """ParameterRanges with one range."""
    item = {"Name": "x", "MinValue": low, "MaxValue": high}
    return {f"{kind}ParameterRanges": [{**item, "ScalingType": scaling} if scaling else item]}


@pytest.mark.parametrize(
    ("ranges", "scaling"),
    [
        pytest.param(scaled("Linear", "0.001", "1"), "Linear", id="linear"),
        pytest.param(scaled("", "0.01", "1"), "Logarithmic", id="auto-over-two-decades"),
        pytest.param(scaled("Auto", "0.1", "1"), "Linear", id="auto-over-one-decade"),
        pytest.param(scaled("Auto", "0", "1"), "Linear", id="auto-from-zero"),
        pytest.param(scaled("Auto", "1", "1000", "Integer"), "Logarithmic", id="auto-integer"),
    ],
)
def test_automatic_scaling_is_logarithmic_over_decades(ranges: Any, scaling: str) -> None:
    """Auto is logarithmic where the largest value is at least 100 times the least."""
    assert [item.scaling for item in read_ranges(ranges)] == [scaling]


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        pytest.param(
            scaled("Linear", "2", "1"),
            "Hyperparameter 'x' ranges from 2 to 1; expected MinValue at most MaxValue.",
            id="empty",
        ),
        pytest.param(
            scaled("Logarithmic", "0", "1"),
            "Hyperparameter 'x' ranges from 0 to 1; Logarithmic scaling needs values above 0.",
            id="logarithm-of-zero",
        ),
        pytest.param(
            scaled("ReverseLogarithmic", "0.5", "1"),
            "Hyperparameter 'x' ranges from 0.5 to 1; "
            "ReverseLogarithmic scaling needs a continuous range in [0, 1).",
            id="reversed-logarithm-of-one",
        ),
    ],
)
def test_ranges_that_make_no_sense_are_refused(ranges: Any, message: str) -> None:
    """The error names the hyperparameter and what its scaling needs."""
    with pytest.raises(StepFailed) as error:
        read_ranges(ranges)

    assert str(error.value) == message


def test_a_reversed_logarithm_prefers_values_near_one() -> None:
    """Most draws of [0, 0.999] with this scaling are above 0.9, and none is outside."""
    ranges = read_ranges(scaled("ReverseLogarithmic", "0", "0.999"))
    search = Search(settings(strategy="Random", ranges=ranges, num_trials=60, num_parallel=60))

    values = [float(search.suggest(number).values["x"]) for number in range(60)]

    # 1 - x is log-uniform over three decades, and x > 0.9 is two of them.
    assert sum(value > 0.9 for value in values) > 30
    assert all(0 <= value <= 0.999 for value in values)


def conclude(search: Search, number: int, reports: Sequence[float]) -> TrialSearch:
    """Run a trial with these reports."""
    trial = search.suggest(number)
    for value in reports:
        trial.report(value)
    trial.conclude(has_failed=False)
    return trial


@pytest.mark.parametrize(
    ("is_maximizing", "sign"),
    [pytest.param(False, 1, id="least"), pytest.param(True, -1, id="most")],
)
def test_the_median_rule_stops_a_trial_that_is_worse(is_maximizing: bool, sign: int) -> None:
    """A value worse than the median of the earlier trials' averages stops the trial, there."""
    search = Search(
        settings(strategy="Random", stops_early=True, num_parallel=1, is_maximizing=is_maximizing)
    )
    for number, reports in enumerate([(4, 2), (6, 4), (8, 6)]):
        conclude(search, number, [sign * value for value in reports])

    trial = search.suggest(3)
    # The running averages are 4, 6, 8 after one report and 3, 5, 7 after two.
    decisions = [trial.report(sign * value) for value in (6.0, 5.5, 0.0)]

    assert decisions == [False, True, True]
    assert (trial.stopped_at, trial.objective) == (sign * 5.5, sign * 5.5)


def test_the_median_rule_needs_three_trials_that_came_as_far() -> None:
    """With fewer trials to compare with, and beyond the last report of all, nothing stops."""
    search = Search(settings(strategy="Random", stops_early=True, num_parallel=1))
    for number in range(3):
        trial = conclude(search, number, [1.0])
        assert trial.stopped_at is None

    trial = search.suggest(3)

    assert [trial.report(0.5), trial.report(99.0)] == [False, False]


def test_hyperband_stops_the_worse_trials_early() -> None:
    """Of trials with constant objectives, those that stop are worse than the best one."""
    search = Search(
        settings(strategy="Hyperband", num_trials=30, num_parallel=1, resources=(1, 9), seed=3)
    )
    stopped, completed = [], []
    for number in range(30):
        objective = float((number * 7) % 30)
        trial = search.suggest(number)
        for _ in range(9):
            if trial.report(objective):
                break
        trial.conclude(has_failed=False)
        (completed if trial.stopped_at is None else stopped).append(objective)

    assert stopped
    assert min(completed) == 0.0
    assert min(completed) < min(stopped)


def test_values_that_are_no_numbers_do_not_count() -> None:
    """NaN is no objective, and a trial without one has failed."""
    search = Search(settings())
    trial = search.suggest(0)

    trial.report(math.nan)
    trial.conclude(has_failed=False)

    assert trial.objective is None
