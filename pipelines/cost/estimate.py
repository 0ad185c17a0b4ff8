"""Decides what an execution and what it leaves behind cost, and what of that is not known.

    cost of a job = instances * hours * (price per hour + volume in GB * price per GB-month / 730)

Jobs are billed by the second; what they do not run they do not cost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.cost.demand import Demand, Variant, demands, variants
from pipelines.cost.errors import CostError
from pipelines.cost.frequency import HOURS_PER_MONTH, times_per_month
from pipelines.cost.prices import Offer, Price, Prices, Use
from pipelines.definition import Json
from pipelines.instances import has_own_disks
from pipelines.local.parameters import resolve_parameters
from pipelines.shown import Shown
from pipelines.triggers import Schedule

_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class StepCost:
    """What the jobs of a step cost, and from what that was computed."""

    demand: Demand
    seconds: float | None
    """How long one job runs; None if there is neither a measured time nor a limit."""
    is_measured: bool
    """Whether that is the time of past executions; else it is the limit."""
    price: Price | None
    """Of one instance for an hour."""
    volume_price: Price | None
    """Of a gigabyte for a month; None also where the job has no volume."""
    spot_saving: float | None
    """Fraction of the time of spot instances that is not billed; None if it is not known."""

    @property
    def has_volume(self) -> bool:
        """Whether its instances have a volume that is billed."""
        kind = self.demand.instance_type
        return self.demand.volume_gb is not None and not (kind and has_own_disks(kind))

    @property
    def hours(self) -> float | None:
        """Hours of all instances of all jobs."""
        demand, seconds = self.demand, self.seconds
        if demand.num_instances is None or demand.num_jobs is None or seconds is None:
            return None
        return demand.num_instances * demand.num_jobs * seconds / _SECONDS_PER_HOUR

    @property
    def on_demand_usd(self) -> float | None:
        """Without spot instances; None where the instances' part is not known."""
        return self._usd(1.0)

    @property
    def usd(self) -> float | None:
        """As declared; None also where the saving of spot instances is not known."""
        if not self.demand.is_spot:
            return self._usd(1.0)
        return None if self.spot_saving is None else self._usd(1.0 - self.spot_saving)

    def _usd(self, billed: float) -> float | None:
        if self.hours is None or self.price is None:
            return None
        per_hour = self.price.usd
        if self.has_volume and self.volume_price is not None:
            per_hour += self.volume_price.usd * (self.demand.volume_gb or 0) / HOURS_PER_MONTH
        return per_hour * self.hours * billed

    @property
    def unknown(self) -> list[str]:
        """What is missing in the cost, or why there is none."""
        demand = self.demand
        reasons = []
        if demand.instance_type is None or demand.num_instances is None:
            reasons.append("only the execution tells its instances")
        elif self.price is None:
            reasons.append(f"no price of {demand.instance_type} for {demand.use}")
        if demand.num_jobs is None:
            reasons.append("only the execution tells the number of its jobs")
        if self.has_volume and self.volume_price is None:
            reasons.append(f"no price of a volume for {demand.use}")
        if self.seconds is None:
            reasons.append("it has no time limit, and no time of a past execution is known")
        return reasons


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointCost:
    """What a production variant costs in a month."""

    variant: Variant
    price: Price | None

    @property
    def monthly_usd(self) -> float | None:
        """Cost of a month with its first instances; None where something is not known."""
        if self.price is None or self.variant.num_instances is None:
            return None
        return self.price.usd * self.variant.num_instances * HOURS_PER_MONTH


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleCost:
    """A schedule that starts executions."""

    expression: str
    times_per_month: float

    def monthly_usd(self, once: float | None) -> float | None:
        """Of a month, where an execution costs `once`; None where that is not known."""
        return None if once is None else self.times_per_month * once


def schedule_costs(
    schedules: Iterable[Schedule], pipeline: str, *, first: date
) -> tuple[ScheduleCost, ...]:
    """The schedules of a pipeline, and how often they are due in the year from `first` on."""
    return tuple(
        ScheduleCost(
            expression=schedule.expression,
            times_per_month=times_per_month(schedule.expression, first=first),
        )
        for schedule in schedules
        if schedule.pipeline == pipeline
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate(Shown):
    """What a pipeline costs: an execution, a month of its endpoints and of its schedules."""

    pipeline: str
    region: str
    steps: tuple[StepCost, ...]
    endpoints: tuple[EndpointCost, ...]
    schedules: tuple[ScheduleCost, ...]

    @property
    def on_demand_usd(self) -> float | None:
        """Of one execution without spot instances, as far as it is known; None: nothing is."""
        return _sum(step.on_demand_usd for step in self.steps)

    @property
    def usd(self) -> float | None:
        """Of one execution as declared, as far as it is known; None without the spot saving."""
        if any(step.demand.is_spot and step.spot_saving is None for step in self.steps):
            return None
        return _sum(step.usd for step in self.steps)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing in the cost of an execution."""
        return not any(step.unknown for step in self.steps)

    @property
    def quantifier(self) -> str:
        """What the cost of an execution is, in words, before the number."""
        if not self.is_complete:
            return "incomplete" if self.is_upper_bound else "at least"
        return "at most" if self.is_upper_bound else "about"

    @property
    def is_upper_bound(self) -> bool:
        """Whether the time of some step is its limit."""
        return any(step.seconds is not None and not step.is_measured for step in self.steps)

    @property
    def offers(self) -> list[Offer]:
        """Where the prices are from, newest first."""
        prices: list[Price | None] = [step.price for step in self.steps]
        prices += [step.volume_price for step in self.steps if step.has_volume]
        prices += [endpoint.price for endpoint in self.endpoints]
        found: list[Offer] = []
        for price in prices:
            if price is not None and price.offer not in found:
                found.append(price.offer)
        return sorted(found, key=lambda offer: offer.date, reverse=True)

    def __str__(self) -> str:
        from pipelines.cost.text import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from pipelines.cost.text import as_html

        return as_html(self)


def _sum(costs: Iterable[float | None]) -> float | None:
    """Those that are known; None where there are costs, and none of them is known."""
    found = list(costs)
    known = [cost for cost in found if cost is not None]
    return sum(known) if known or not found else None


def check_spot_saving(saving: float | None) -> None:
    """Refuse a saving of spot instances that is no fraction below 1; None is one not known.

    Raises:
        CostError: It is none.
    """
    if saving is not None and not 0 <= saving < 1:
        raise CostError(
            f"The saving of spot instances is {saving}; expected a fraction, 0 or more and less "
            "than 1."
        )


def estimate(
    definition: Mapping[str, Json],
    prices: Prices,
    *,
    pipeline: str,
    region: str,
    given: Mapping[str, str],
    durations: Mapping[str, float],
    spot_saving: float | None,
    schedules: Sequence[ScheduleCost],
) -> Estimate:
    """Estimate the cost of a pipeline.

    Args:
        definition: The parsed JSON.
        prices: The prices that are known.
        pipeline: Name of the pipeline.
        region: Where it runs.
        given: Values of pipeline parameters, as text; the others have their defaults.
        durations: Seconds that one job of a step ran in past executions in an account, by step; of
            a tuning step, the mean of its jobs. Where there is none, the time limit counts.
        spot_saving: Fraction of the time of spot instances that is not billed, in [0, 1); None if
            it is not known.
        schedules: What starts the pipeline, and how often.

    Raises:
        CostError: The saving of spot instances is no such fraction.
        ParameterError: A given name is not declared, or a value is missing or ill-typed.
    """
    check_spot_saving(spot_saving)
    parameters = resolve_parameters(definition.get("Parameters", []), given, pipeline=pipeline)
    return Estimate(
        pipeline=pipeline,
        region=region,
        steps=tuple(
            _step_cost(demand, prices, region, durations, spot_saving)
            for demand in demands(definition, parameters)
        ),
        endpoints=tuple(
            EndpointCost(variant=variant, price=_hosting(variant, prices, region))
            for variant in variants(definition, parameters)
        ),
        schedules=tuple(schedules),
    )


def _step_cost(
    demand: Demand,
    prices: Prices,
    region: str,
    durations: Mapping[str, float],
    spot_saving: float | None,
) -> StepCost:
    kind = demand.instance_type
    return StepCost(
        demand=demand,
        seconds=durations.get(demand.step, demand.limit_seconds),
        is_measured=demand.step in durations,
        price=None if kind is None else prices.instance(region, demand.use, kind),
        volume_price=prices.volume(region, demand.use),
        spot_saving=spot_saving,
    )


def _hosting(variant: Variant, prices: Prices, region: str) -> Price | None:
    kind = variant.instance_type
    return None if kind is None else prices.instance(region, Use.HOSTING, kind)
