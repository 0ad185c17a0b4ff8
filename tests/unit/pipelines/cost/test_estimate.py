"""Tests of pipelines.cost.estimate and its text, against numbers computed by hand."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from pipelines.cost import CostError, Estimate, Prices, estimate, schedule_costs
from pipelines.cost.prices import Offer, Use
from pipelines.cost.text import as_document
from pipelines.definition import load
from pipelines.local.errors import ParameterError
from pipelines.shown import PRE
from pipelines.triggers import schedules
from steps.site import Site

SNAPSHOTS = Path(__file__).parents[3] / "definitions"
REGION = "us-east-1"
OFFER = Offer(
    region=REGION,
    date=date(2026, 9, 25),
    url="https://example.com/prices",
    note="Made up.",
    usd_per_hour={
        Use.HOSTING: {"ml.m5.large": 0.1},
        Use.PROCESSING: {"ml.m5.xlarge": 0.2, "ml.m5.large": 0.1},
        Use.TRAINING: {"ml.g5.xlarge": 1.5, "ml.m5.xlarge": 0.2},
    },
    usd_per_gb_month={Use.PROCESSING: 0.073, Use.TRAINING: 0.146},
)
"""With 730 hours in a month, a volume of 50 GB costs 0.005 an hour, and 0.01 in training."""
NO_VOLUMES = Offer(region=REGION, date=OFFER.date, url=OFFER.url, usd_per_hour=OFFER.usd_per_hour)


def estimated(
    name: str,
    *,
    offer: Offer = OFFER,
    given: Mapping[str, str] | None = None,
    durations: Mapping[str, float] | None = None,
    spot_saving: float | None = None,
) -> Estimate:
    """An estimate of a reviewed definition."""
    return estimate(
        load((SNAPSHOTS / f"{name}.json").read_text()),
        Prices(offers=(offer,)),
        pipeline=name,
        region=REGION,
        given=given or {},
        durations=durations or {},
        spot_saving=spot_saving,
        schedules=schedule_costs(schedules(Site()), name, first=date(2026, 11, 21)),
    )


def costs(found: Estimate) -> dict[str, float | None]:
    """Cost on demand by step."""
    return {step.demand.step: step.on_demand_usd for step in found.steps}


def test_limits_are_an_upper_bound() -> None:
    """Without measured times every job counts until its time limit, with its volume."""
    found = estimated("training")
    assert costs(found) == pytest.approx(
        {
            "Preprocess": 4 * (0.2 + 0.005),
            "Tune": 4 * 12 * 1.5,  # ml.g5 has disks of its own, and no volume
            "Train": 12 * 1.5,
            "Evaluate": 2 * (0.2 + 0.005),
        }
    )
    assert found.on_demand_usd == pytest.approx(0.82 + 72 + 18 + 0.41)
    assert (found.usd, found.is_complete, found.quantifier) == (None, True, "at most")


def test_measured_times_replace_limits() -> None:
    """The time is that of one job, whatever the number of jobs and instances."""
    found = estimated(
        "training",
        given={"TrainInstanceType": "ml.m5.xlarge", "PreprocessInstanceCount": "2"},
        durations={"Preprocess": 1800, "Tune": 360, "Train": 3600, "Evaluate": 36},
        spot_saving=0.6,
    )
    assert costs(found) == pytest.approx(
        {
            "Preprocess": 2 * 0.5 * 0.205,
            "Tune": 4 * 0.1 * 0.21,
            "Train": 0.21,
            "Evaluate": 0.01 * 0.205,
        }
    )
    assert found.usd == pytest.approx(0.205 + 0.4 * (0.084 + 0.21) + 0.00205)
    assert found.quantifier == "about"


def test_what_is_not_known_is_said() -> None:
    """A job without a price or a time has no cost, and the total says that it lacks something."""
    found = estimated("scoring", durations={"SummarizeBatch": 360, "CheckBatch": 360})
    assert costs(found)["Transform"] is None
    assert found.on_demand_usd == pytest.approx(2 * 0.1 * 0.105)
    assert (found.is_complete, found.quantifier) == (False, "at least")
    assert found.steps[0].unknown == [
        "no price of ml.m5.xlarge for transform",
        "it has no time limit, and no time of a past execution is known",
    ]
    assert estimated("scoring").quantifier == "incomplete"


def test_a_volume_without_a_price_leaves_the_instances() -> None:
    """The cost of the instances counts, and the volume is missing in it."""
    found = estimated("monitoring", offer=NO_VOLUMES, durations={"CheckDrift": 3600})
    assert costs(found)["CheckDrift"] == pytest.approx(0.1)
    assert found.steps[0].unknown == ["no price of a volume for processing"]


def test_instances_that_only_the_execution_tells() -> None:
    """A reason is given for each thing that is missing."""
    tune = {"Name": "Tune", "Type": "Tuning", "Arguments": {}}
    config = {
        "Name": "Config",
        "Type": "EndpointConfig",
        "Arguments": {"ProductionVariants": [{"VariantName": "A"}]},
    }
    found = estimate(
        {"Steps": [tune, config]},
        Prices(offers=()),
        pipeline="p",
        region=REGION,
        given={},
        durations={"Tune": 3600},
        spot_saving=None,
        schedules=(),
    )
    assert found.steps[0].unknown == [
        "only the execution tells its instances",
        "only the execution tells the number of its jobs",
    ]
    assert found.endpoints[0].monthly_usd is None
    assert str(found) == (
        "p   us-east-1, USD without taxes\n"
        "STEP  JOBS        HOURS EACH  PER HOUR  ON DEMAND  AS DECLARED\n"
        "Tune  ? of ? x ?  1           ?         ?          ?\n"
        "One execution: ?\n"
        "A month of variant A of Config, ? x ?: ?\n"
        "Not known:\n"
        "  Tune: only the execution tells its instances.\n"
        "  Tune: only the execution tells the number of its jobs.\n"
        "  Config: only the execution tells its instances.\n"
        "Assumed:\n"
        "  Each step runs once: none is answered by the step cache or tried again, both branches "
        "of a condition count, and a tuning step runs all its training jobs.\n"
        "  Tune: each job as long as those of its last search in the account took on average.\n"
        "  A month has 730 hours.\n"
        "  An endpoint keeps the instances that it starts with, and costs until it is deleted.\n"
        "  Left out: data and volumes of endpoints, calls of functions, storage and requests of "
        "S3, logs, data transfer, free tiers and savings plans.\n"
    )


def test_an_endpoint_costs_by_the_month() -> None:
    """A month has 730 hours; the execution itself has no jobs."""
    found = estimated("deployment", given={"EndpointInstanceCount": "2"})
    assert found.endpoints[0].monthly_usd == pytest.approx(2 * 73)
    assert str(found).startswith(
        "deployment   us-east-1, USD without taxes\n"
        "One execution: no job, and so no instance to pay\n"
        "A month of variant AllTraffic of CreateEndpointConfig, 2 x ml.m5.large: 146.00\n"
        "Assumed:\n"
    )
    unknown = str(estimated("deployment", given={"EndpointInstanceType": "ml.c7i.large"}))
    assert "  CreateEndpointConfig: no price of ml.c7i.large for hosting.\n" in unknown


def test_a_schedule_costs_by_the_month() -> None:
    """Executions of a month, each at its cost."""
    found = estimated("monitoring", durations={"CheckDrift": 360, "CheckModelQuality": 360})
    assert [item.times_per_month for item in found.schedules] == [730]
    line = "A month of cron(0 * * * ? *), 730 executions, about: 15.33\n"
    assert line in str(found)  # 730 * 2 * 0.1 h * 0.105
    assert estimated("scoring").schedules == ()


def test_a_month_of_a_schedule_is_said_with_spot_instances_too() -> None:
    """In the words of one execution: 19.23 on demand, of which Train is 18.00."""
    month = "\nA month of cron(0 3 ? * SUN *), 4.333 executions, at most: "
    assert f"{month}83.33 on demand, and less by what spot instances save\n" in str(
        estimated("retraining")
    )
    found = estimated("retraining", spot_saving=0.5)
    assert f"{month}83.33 on demand, 44.33 as declared, with spot instances\n" in str(found)
    [schedule] = as_document(found)["Schedules"]
    assert schedule["MonthlyCost"] == pytest.approx(schedule["ExecutionsPerMonth"] * found.usd)


def test_what_nobody_knows_is_no_zero() -> None:
    """Without any price there is no sum, neither of an execution nor of a month."""
    found = estimated("monitoring", offer=Offer(region="x", date=OFFER.date, url=OFFER.url))
    assert (found.on_demand_usd, found.usd) == (None, None)
    assert "\nOne execution: ?\n" in str(found)
    assert "\nA month of cron(0 * * * ? *), 730 executions: ?\n" in str(found)
    assert found.schedules[0].monthly_usd(found.on_demand_usd) is None
    deployment = estimated("deployment", offer=Offer(region="x", date=OFFER.date, url=OFFER.url))
    assert deployment.on_demand_usd == 0  # It runs no job.


def test_text_of_an_estimate() -> None:
    """Numbers first, then what they assume, and where the prices are from."""
    assert str(estimated("training")) == (
        "training   us-east-1, USD without taxes\n"
        "STEP        JOBS                         HOURS EACH  PER HOUR  ON DEMAND  AS DECLARED\n"
        "Preprocess  1 x ml.m5.xlarge             4 (limit)   0.2       0.82       0.82\n"
        "Tune        4 of 1 x ml.g5.xlarge, spot  12 (limit)  1.5       72.00      ?\n"
        "Train       1 x ml.g5.xlarge, spot       12 (limit)  1.5       18.00      ?\n"
        "Evaluate    1 x ml.m5.xlarge             2 (limit)   0.2       0.41       0.41\n"
        "One execution, at most: 91.23 on demand, and less by what spot instances save\n"
        "Assumed:\n"
        "  Each step runs once: none is answered by the step cache or tried again, both branches "
        "of a condition count, and a tuning step runs all its training jobs.\n"
        "  Preprocess, Tune, Train, Evaluate: each job as long as its time limit, an upper bound.\n"
        "  Tune, Train: what spot instances save is known only afterwards, from "
        "BillableTimeInSeconds "
        "(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html); "
        "at worst nothing.\n"
        "  Left out: calls of functions, storage and requests of S3, logs, data transfer, free "
        "tiers and savings plans.\n"
        "Prices:\n"
        "  2026-09-25  https://example.com/prices  Made up.\n"
    )


def test_a_given_saving_is_an_assumption() -> None:
    """The text says what was assumed, and both totals."""
    text = str(estimated("training", spot_saving=0.5))
    assert "at most: 91.23 on demand, 46.23 as declared, with spot instances\n" in text
    assert "  Tune, Train: spot instances are billed for 0.5 of their time.\n" in text


def test_what_helps_against_missing_prices() -> None:
    """The command that asks for prices is named once."""
    text = str(estimated("scoring"))
    assert (
        "Not known:\n"
        "  Transform: no price of ml.m5.xlarge for transform.\n"
        "  Transform: it has no time limit, and no time of a past execution is known.\n"
        "  'pipelines prices us-east-1 > FILE' asks AWS for prices, and '--prices FILE' uses "
        "them.\n"
    ) in text


def test_a_notebook_shows_the_same_text() -> None:
    """The text is in an element, with its markup escaped."""
    found = estimated("scoring")
    html = found._repr_html_()
    assert html.startswith(f"{PRE}scoring   us-east-1")
    assert "prices us-east-1 &gt; FILE" in html


def test_json_of_an_estimate() -> None:
    """Programs read the same numbers, and null for what is not known."""
    document = as_document(estimated("training", durations={"Train": 3600}))
    assert {key: document[key] for key in ("Cost", "IsComplete", "IsUpperBound", "Currency")} == {
        "Cost": None,
        "IsComplete": True,
        "IsUpperBound": True,
        "Currency": "USD",
    }
    assert document["Steps"][2] == {
        "StepName": "Train",
        "StepType": "Training",
        "InstanceType": "ml.g5.xlarge",
        "InstanceCount": 1,
        "Jobs": 1,
        "Seconds": 3600,
        "IsMeasured": True,
        "IsSpot": True,
        "PricePerHour": 1.5,
        "OnDemandCost": 1.5,
        "Cost": None,
    }
    assert document["Sources"] == [
        {"Url": "https://example.com/prices", "Date": "2026-09-25", "Note": "Made up."}
    ]
    monthly = as_document(estimated("monitoring"))
    assert monthly["Schedules"] == [
        {
            "ScheduleExpression": "cron(0 * * * ? *)",
            "ExecutionsPerMonth": 730,
            "MonthlyOnDemandCost": pytest.approx(730 * 2 * 0.105),
            "MonthlyCost": pytest.approx(730 * 2 * 0.105),
        }
    ]
    assert as_document(estimated("deployment"))["Endpoints"] == [
        {
            "StepName": "CreateEndpointConfig",
            "VariantName": "AllTraffic",
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "PricePerHour": 0.1,
            "MonthlyCost": pytest.approx(73),
        }
    ]


def test_parameters_are_checked() -> None:
    """A name that is not declared is refused, as for a run."""
    with pytest.raises(ParameterError, match="Parameter 'Instance' is not declared by pipeline"):
        estimated("training", given={"Instance": "x"})


@pytest.mark.parametrize("saving", [-0.1, 1.0, 60.0, float("nan")])
def test_a_saving_is_a_fraction(saving: float) -> None:
    """Percents are refused, and so is whatever would cost nothing."""
    with pytest.raises(CostError) as caught:
        estimated("training", spot_saving=saving)
    assert str(caught.value) == (
        f"The saving of spot instances is {saving}; expected a fraction, 0 or more and less than 1."
    )


def test_measured_steps_say_what_was_measured() -> None:
    """A search has the mean of its jobs, any other step its own time."""
    text = str(estimated("training", durations={"Tune": 600, "Train": 1200, "Evaluate": 60}))
    assert (
        "  Train, Evaluate: each job as long as its step took when it last succeeded in the "
        "account.\n"
        "  Tune: each job as long as those of its last search in the account took on average.\n"
    ) in text
    assert "Tune        4 of 1 x ml.g5.xlarge, spot  0.167 " in text
