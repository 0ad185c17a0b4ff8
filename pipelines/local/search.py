"""Suggests hyperparameters for the trials of a tuning job and decides which trials stop early.

Trial i of a job that runs P trials at once knows the results of trials 0 to i-P and no others, and
draws from a generator seeded by the job's seed and i. So neither depends on which trial happens to
end first.
"""

import hashlib
import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.definition import Json
from pipelines.local.errors import StepFailed

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

_MIN_COMPLETED_TO_COMPARE = 3
_LOGARITHMIC_RATIO = 100.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """The values that one hyperparameter may take."""

    name: str
    kind: str
    """`Integer`, `Continuous` or `Categorical`."""
    low: float = 0.0
    high: float = 0.0
    scaling: str = "Linear"
    """`Linear`, `Logarithmic` or `ReverseLogarithmic`; `Auto` is decided when the range is read."""
    values: tuple[str, ...] = ()
    """Of a categorical hyperparameter."""

    def distribution(self) -> "BaseDistribution":
        """The range in the search library's words; a reversed logarithm is one of `1 - value`."""
        from optuna import distributions

        if self.kind == "Categorical":
            return distributions.CategoricalDistribution(self.values)
        if self.kind == "Integer":
            return distributions.IntDistribution(
                int(self.low), int(self.high), log=self.scaling == "Logarithmic"
            )
        if self.scaling == "ReverseLogarithmic":
            return distributions.FloatDistribution(1 - self.high, 1 - self.low, log=True)
        return distributions.FloatDistribution(
            self.low, self.high, log=self.scaling == "Logarithmic"
        )

    def to_string(self, drawn: Any) -> str:
        """A value drawn from `distribution` as the text that the job gets."""
        if self.scaling == "ReverseLogarithmic":
            drawn = min(max(1 - drawn, self.low), self.high)
        return str(drawn)


def read_ranges(ranges: Mapping[str, Json]) -> list[Range]:
    """The ParameterRanges of a request, in document order.

    Raises:
        StepFailed: A range is empty, or its scaling does not fit it.
    """
    found = []
    for kind in ("Integer", "Continuous", "Categorical"):
        for item in ranges.get(f"{kind}ParameterRanges", []):
            if kind == "Categorical":
                found.append(Range(name=item["Name"], kind=kind, values=tuple(item["Values"])))
                continue
            low, high = float(item["MinValue"]), float(item["MaxValue"])
            scaling = item.get("ScalingType", "Auto")
            if scaling == "Auto":
                is_wide = low > 0 and high / low >= _LOGARITHMIC_RATIO
                scaling = "Logarithmic" if is_wide else "Linear"
            _check_range(item["Name"], kind, low, high, scaling)
            found.append(Range(name=item["Name"], kind=kind, low=low, high=high, scaling=scaling))
    return found


def _check_range(name: str, kind: str, low: float, high: float, scaling: str) -> None:
    where = f"Hyperparameter '{name}' ranges from {low:g} to {high:g}"
    if low > high:
        raise StepFailed(f"{where}; expected MinValue at most MaxValue.")
    if scaling == "Logarithmic" and low <= 0:
        raise StepFailed(f"{where}; Logarithmic scaling needs values above 0.")
    if scaling == "ReverseLogarithmic" and (kind == "Integer" or low < 0 or high >= 1):
        raise StepFailed(f"{where}; ReverseLogarithmic scaling needs a continuous range in [0, 1).")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How a tuning job searches."""

    ranges: Sequence[Range]
    strategy: str
    """`Bayesian`, `Random`, `Grid` or `Hyperband`."""
    is_maximizing: bool
    seed: int
    num_trials: int
    num_parallel: int
    stops_early: bool = False
    """TrainingJobEarlyStoppingType Auto: the median rule."""
    resources: tuple[int, int] | None = None
    """Of Hyperband: least and most reports of a trial, MinResource and MaxResource."""


class TrialSearch:
    """One trial of a search: its hyperparameters, and the decision to stop it."""

    def __init__(self, search: "Search", number: int, trial: "Trial") -> None:
        self._search = search
        self._trial = trial
        self.number = number
        self.values = {
            item.name: item.to_string(trial.params[item.name]) for item in search.settings.ranges
        }
        """The hyperparameters to try, as text."""
        self.reports: list[float] = []
        self.stopped_at: float | None = None
        """The objective at the decision to stop; None while there is no such decision."""

    def report(self, value: float) -> bool:
        """Take in the objective's next value and decide whether the trial is to stop.

        After that decision, further values change nothing.
        """
        if self.stopped_at is not None or not math.isfinite(value):
            return self.stopped_at is not None
        self.reports.append(value)
        self._trial.report(value, len(self.reports))
        if self._search.should_stop(self._trial, self.number, self.reports):
            self.stopped_at = value
        return self.stopped_at is not None

    @property
    def objective(self) -> float | None:
        """The value that counts: the last one reported; None before the first."""
        return self.reports[-1] if self.reports else None

    def conclude(self, *, has_failed: bool) -> None:
        """Let later trials know the result."""
        from optuna.trial import TrialState

        if has_failed or not self.reports:
            state = TrialState.FAIL
        else:
            state = TrialState.COMPLETE if self.stopped_at is None else TrialState.PRUNED
        self._search.remember(self._trial, self.number, state, self.objective)


class Search:
    """The trials of one tuning job."""

    def __init__(self, settings: Settings) -> None:
        """Prepare a search.

        Raises:
            StepFailed: The strategy does not fit the ranges.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.settings = settings
        self._grid = _grid(settings) if settings.strategy == "Grid" else None
        self._started: dict[int, FrozenTrial] = {}
        self._finished: dict[int, FrozenTrial] = {}
        self._reports: dict[int, list[float]] = {}

    @property
    def num_trials(self) -> int:
        """How many trials there will be; a grid may have fewer points than the limit."""
        if self._grid is None:
            return self.settings.num_trials
        return min(self.settings.num_trials, len(self._grid))

    def known(self, number: int) -> range:
        """Numbers of the trials whose results a trial knows, and which end before it starts."""
        return range(max(0, number - self.settings.num_parallel + 1))

    def is_ready(self, number: int) -> bool:
        """Whether everything that trial `number` is to know is known."""
        return all(other in self._finished for other in self.known(number))

    def suggest(self, number: int) -> TrialSearch:
        """The hyperparameters of a trial; trials are asked for in order."""
        import optuna

        seed = _seed(self.settings.seed, number)
        study = optuna.create_study(
            study_name="tuning",
            direction="maximize" if self.settings.is_maximizing else "minimize",
            sampler=self._sampler(seed),
            pruner=self._pruner(),
        )
        known = self.known(number)
        # Trials that run meanwhile are there without results: the sampler keeps away from them.
        study.add_trials(
            [
                (self._finished if other in known else self._started)[other]
                for other in range(number)
            ]
        )
        if self._grid is not None:
            study.enqueue_trial(self._grid[number])
        trial = study.ask({item.name: item.distribution() for item in self.settings.ranges})
        self._started[number] = study.trials[number]
        return TrialSearch(self, number, trial)

    def should_stop(self, trial: "Trial", number: int, reports: Sequence[float]) -> bool:
        """Whether a trial with these reports is to stop, judged by the trials that it knows."""
        if self.settings.strategy == "Hyperband":
            return trial.should_prune()
        if not self.settings.stops_early:
            return False
        averages = [
            statistics.fmean(self._reports[other][: len(reports)])
            for other in self.known(number)
            if len(self._reports[other]) >= len(reports)
        ]
        if len(averages) < _MIN_COMPLETED_TO_COMPARE:
            return False
        median = statistics.median(averages)
        return reports[-1] < median if self.settings.is_maximizing else reports[-1] > median

    def remember(self, trial: "Trial", number: int, state: Any, objective: float | None) -> None:
        """Keep the result of a trial for those that may know it."""
        from optuna.trial import TrialState, create_trial

        frozen = trial.study.trials[number]
        self._reports[number] = (
            [] if state == TrialState.FAIL else list(frozen.intermediate_values.values())
        )
        self._finished[number] = create_trial(
            state=state,
            value=None if state == TrialState.FAIL else objective,
            params=frozen.params,
            distributions=frozen.distributions,
            system_attrs=frozen.system_attrs,
            intermediate_values=frozen.intermediate_values,
        )

    def _sampler(self, seed: int) -> "BaseSampler":
        from optuna import samplers

        if self.settings.strategy == "Random":
            return samplers.RandomSampler(seed=seed)
        num_random = max(self.settings.num_parallel, self.settings.num_trials // 4)
        return samplers.TPESampler(seed=seed, n_startup_trials=num_random, constant_liar=True)

    def _pruner(self) -> "BasePruner":
        from optuna import pruners

        if self.settings.resources is None:
            return pruners.NopPruner()
        least, most = self.settings.resources
        return pruners.HyperbandPruner(min_resource=least, max_resource=most)


def _grid(settings: Settings) -> list[dict[str, str]]:
    for item in settings.ranges:
        if item.kind != "Categorical":
            raise StepFailed(
                f"Hyperparameter '{item.name}' is {item.kind}; the strategy Grid takes categorical "
                "hyperparameters only."
            )
    names = [item.name for item in settings.ranges]
    points = itertools.product(*(item.values for item in settings.ranges))
    return [dict(zip(names, point, strict=True)) for point in points]


def _seed(seed: int, number: int) -> int:
    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
