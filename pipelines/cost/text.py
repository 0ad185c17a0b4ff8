"""Writes an estimate as text and as JSON: the numbers, what they assume and what is missing."""

import html
from collections.abc import Iterator

from pipelines.cost.demand import TUNING
from pipelines.cost.estimate import Estimate, StepCost
from pipelines.cost.frequency import HOURS_PER_MONTH
from pipelines.cost.prices import CURRENCY
from pipelines.definition import Json
from pipelines.shown import preformatted
from pipelines.tables import text_table

_SECONDS_PER_HOUR = 3600
_UNKNOWN = "?"
_SPOT_SOURCE = (
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html"
)


def as_text(estimate: Estimate) -> str:
    """The estimate for a terminal or a file."""
    return "".join(f"{line}\n" for line in _lines(estimate))


def as_html(estimate: Estimate) -> str:
    """The estimate as one HTML element."""
    return preformatted(html.escape(as_text(estimate)))


def as_document(estimate: Estimate) -> dict[str, Json]:
    """The estimate as JSON."""
    return {
        "PipelineName": estimate.pipeline,
        "Region": estimate.region,
        "Currency": CURRENCY,
        "OnDemandCost": estimate.on_demand_usd,
        "Cost": estimate.usd,
        "IsComplete": estimate.is_complete,
        "IsUpperBound": estimate.is_upper_bound,
        "Steps": [_step_document(step) for step in estimate.steps],
        "Endpoints": [
            {
                "StepName": endpoint.variant.step,
                "VariantName": endpoint.variant.name,
                "InstanceType": endpoint.variant.instance_type,
                "InstanceCount": endpoint.variant.num_instances,
                "PricePerHour": None if endpoint.price is None else endpoint.price.usd,
                "MonthlyCost": endpoint.monthly_usd,
            }
            for endpoint in estimate.endpoints
        ],
        "Schedules": [
            {
                "ScheduleExpression": schedule.expression,
                "ExecutionsPerMonth": schedule.times_per_month,
                "MonthlyOnDemandCost": schedule.monthly_usd(estimate.on_demand_usd),
                "MonthlyCost": schedule.monthly_usd(estimate.usd),
            }
            for schedule in estimate.schedules
        ],
        "Assumptions": _assumptions(estimate),
        "Unknown": _unknown(estimate),
        "Sources": [
            {"Url": offer.url, "Date": offer.date.isoformat(), "Note": offer.note}
            for offer in estimate.offers
        ],
    }


def _step_document(step: StepCost) -> dict[str, Json]:
    demand = step.demand
    return {
        "StepName": demand.step,
        "StepType": demand.type,
        "InstanceType": demand.instance_type,
        "InstanceCount": demand.num_instances,
        "Jobs": demand.num_jobs,
        "Seconds": step.seconds,
        "IsMeasured": step.is_measured,
        "IsSpot": demand.is_spot,
        "PricePerHour": None if step.price is None else step.price.usd,
        "OnDemandCost": step.on_demand_usd,
        "Cost": step.usd,
    }


def _lines(estimate: Estimate) -> Iterator[str]:
    yield f"{estimate.pipeline}   {estimate.region}, {CURRENCY} without taxes"
    how = "" if estimate.on_demand_usd is None else f", {estimate.quantifier}"
    if estimate.steps:
        yield from text_table([_HEADER, *map(_row, estimate.steps)])
        total = _total(estimate, estimate.on_demand_usd, estimate.usd)
        yield f"One execution{how}: {total}"
    else:
        yield "One execution: no job, and so no instance to pay"
    for endpoint in estimate.endpoints:
        variant = endpoint.variant
        yield (
            f"A month of variant {variant.name} of {variant.step}, "
            f"{_count(variant.num_instances, variant.instance_type)}: "
            f"{_amount(endpoint.monthly_usd)}"
        )
    for schedule in estimate.schedules:
        total = _total(
            estimate,
            schedule.monthly_usd(estimate.on_demand_usd),
            schedule.monthly_usd(estimate.usd),
        )
        yield (
            f"A month of {schedule.expression}, {schedule.times_per_month:.4g} executions{how}: "
            f"{total}"
        )
    for title, sentences in (
        ("Not known", _unknown(estimate)),
        ("Assumed", _assumptions(estimate)),
        ("Prices", _sources(estimate)),
    ):
        if sentences:
            yield f"{title}:"
            yield from (f"  {sentence}" for sentence in sentences)


def _total(estimate: Estimate, on_demand: float | None, declared: float | None) -> str:
    """A cost without and with spot instances; one number where there are none."""
    is_spot = any(step.demand.is_spot for step in estimate.steps)
    if on_demand is None or not is_spot:
        return _amount(on_demand)
    if declared is None:
        return f"{_amount(on_demand)} on demand, and less by what spot instances save"
    return f"{_amount(on_demand)} on demand, {_amount(declared)} as declared, with spot instances"


_HEADER = ("STEP", "JOBS", "HOURS EACH", "PER HOUR", "ON DEMAND", "AS DECLARED")


def _row(step: StepCost) -> tuple[str, ...]:
    demand = step.demand
    instances = _count(demand.num_instances, demand.instance_type)
    jobs = "" if demand.num_jobs == 1 else f"{_whole(demand.num_jobs)} of "
    if step.seconds is None:
        hours = _UNKNOWN
    else:
        hours = f"{step.seconds / _SECONDS_PER_HOUR:.3g}{'' if step.is_measured else ' (limit)'}"
    return (
        demand.step,
        f"{jobs}{instances}{', spot' if demand.is_spot else ''}",
        hours,
        _UNKNOWN if step.price is None else f"{step.price.usd:.4g}",
        _amount(step.on_demand_usd),
        _amount(step.usd),
    )


def _count(number: int | None, instance_type: str | None) -> str:
    return f"{_whole(number)} x {instance_type or _UNKNOWN}"


def _whole(number: int | None) -> str:
    return _UNKNOWN if number is None else str(number)


def _amount(usd: float | None) -> str:
    return _UNKNOWN if usd is None else f"{usd:.2f}"


def _unknown(estimate: Estimate) -> list[str]:
    found = [f"{step.demand.step}: {reason}." for step in estimate.steps for reason in step.unknown]
    for endpoint in estimate.endpoints:
        variant = endpoint.variant
        if variant.instance_type is None or variant.num_instances is None:
            found.append(f"{variant.step}: only the execution tells its instances.")
        elif endpoint.price is None:
            found.append(f"{variant.step}: no price of {variant.instance_type} for hosting.")
    if any(": no price " in sentence for sentence in found):
        found.append(
            f"'pipelines prices {estimate.region} > FILE' asks AWS for prices, and '--prices FILE' "
            "uses them."
        )
    return found


def _assumptions(estimate: Estimate) -> list[str]:
    limits = [s.demand.step for s in estimate.steps if s.seconds is not None and not s.is_measured]
    measured = [step.demand for step in estimate.steps if step.is_measured]
    searches = [demand.step for demand in measured if demand.type == TUNING]
    others = [demand.step for demand in measured if demand.type != TUNING]
    spot = [step for step in estimate.steps if step.demand.is_spot]
    found = []
    if estimate.steps:
        found.append(
            "Each step runs once: none is answered by the step cache or tried again, both branches "
            "of a condition count, and a tuning step runs all its training jobs."
        )
    if limits:
        found.append(f"{', '.join(limits)}: each job as long as its time limit, an upper bound.")
    if others:
        found.append(
            f"{', '.join(others)}: each job as long as its step took when it last succeeded in the "
            "account."
        )
    if searches:
        found.append(
            f"{', '.join(searches)}: each job as long as those of its last search in the account "
            "took on average."
        )
    if spot:
        names = ", ".join(step.demand.step for step in spot)
        saving = spot[0].spot_saving
        if saving is None:
            found.append(
                f"{names}: what spot instances save is known only afterwards, from "
                f"BillableTimeInSeconds ({_SPOT_SOURCE}); at worst nothing."
            )
        else:
            found.append(f"{names}: spot instances are billed for {1 - saving:.2g} of their time.")
    if estimate.endpoints or estimate.schedules:
        found.append(f"A month has {HOURS_PER_MONTH:.0f} hours.")
    if estimate.endpoints:
        found.append(
            "An endpoint keeps the instances that it starts with, and costs until it is deleted."
        )
    data = "data and volumes of endpoints, " if estimate.endpoints else ""
    found.append(
        f"Left out: {data}calls of functions, storage and requests of S3, logs, data transfer, "
        "free tiers and savings plans."
    )
    return found


def _sources(estimate: Estimate) -> list[str]:
    return [
        f"{offer.date.isoformat()}  {offer.url}{f'  {offer.note}' if offer.note else ''}"
        for offer in estimate.offers
    ]
