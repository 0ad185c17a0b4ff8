"""Looks at the quotas of instances, and compares them with what the definitions ask for at once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pipelines.account.health import Finding, Verdict
from pipelines.cost.demand import Demand, demands, variants
from pipelines.cost.prices import Use
from pipelines.definition import Json, dependencies, steps
from pipelines.local.parameters import resolve_parameters

SERVICE = "sagemaker"
_PAGE_SIZE = 100
_NUM_FLEETS = 2
"""An update of an endpoint has the old and the new instances side by side.

Source: Amazon SageMaker AI Developer Guide, "Blue/Green Deployments",
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What one execution asks of a quota."""

    quota: str
    num_instances: int
    pipeline: str
    steps: tuple[str, ...]
    """Steps that may use them at the same time."""


def needs(definitions: Mapping[str, Mapping[str, Json]]) -> list[Need]:
    """What the executions of definitions ask for; of each quota, the one that asks for most.

    Args:
        definitions: Parsed definitions by the pipeline's name in the catalogue. Parameters have
            their defaults; what only an execution knows is left out.
    """
    largest: dict[str, Need] = {}
    for pipeline, definition in definitions.items():
        for need in _needs(pipeline, definition):
            if need.num_instances > getattr(largest.get(need.quota), "num_instances", 0):
                largest[need.quota] = need
    return [largest[quota] for quota in sorted(largest)]


def _needs(pipeline: str, definition: Mapping[str, Json]) -> Iterator[Need]:
    parameters = resolve_parameters(definition.get("Parameters", []), {}, pipeline=pipeline)
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for demand in demands(definition, parameters):
        if demand.instance_type and demand.num_instances and demand.num_parallel_jobs:
            counts[_quota(demand)][demand.step] = demand.num_instances * demand.num_parallel_jobs
    for variant in variants(definition, parameters):
        if variant.instance_type and variant.num_instances:
            quota = f"{variant.instance_type} for endpoint usage"
            counts[quota][variant.step] = variant.num_instances * _NUM_FLEETS
    earlier = _earlier(definition)
    for quota, by_step in counts.items():
        together = max(
            (
                group
                for size in range(1, len(by_step) + 1)
                for group in combinations(by_step, size)
                if not any(first in earlier[other] for first in group for other in group)
            ),
            key=lambda group: sum(by_step[step] for step in group),
        )
        yield Need(
            quota=quota,
            num_instances=sum(by_step[step] for step in together),
            pipeline=pipeline,
            steps=together,
        )


def _quota(demand: Demand) -> str:
    """Name of the quota that a job's instances count against.

    Source: AWS General Reference, "Amazon SageMaker AI endpoints and quotas",
    https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
    """
    uses = {
        Use.PROCESSING: "processing job",
        Use.TRAINING: "spot training job" if demand.is_spot else "training job",
        Use.TRANSFORM: "transform job",
    }
    return f"{demand.instance_type} for {uses[demand.use]} usage"


def _earlier(definition: Mapping[str, Json]) -> dict[str, set[str]]:
    """Of each step all those that have ended before it starts."""
    direct = {step.name: dependencies(step) for step in steps(definition)}

    def closure(name: str) -> set[str]:
        return direct[name].union(*map(closure, direct[name]))

    return {name: closure(name) for name in direct}


def look_at_quotas(wanted: list[Need], service_quotas: Any) -> Iterator[Finding]:
    """Whether the account may have the instances that are needed at once.

    Args:
        wanted: What executions ask for.
        service_quotas: A Service Quotas client.
    """
    values = _values({need.quota for need in wanted}, service_quotas)
    for need in wanted:
        subject = f"Quota '{need.quota}'"
        asked = f"{need.pipeline} needs {need.num_instances} at once ({', '.join(need.steps)})"
        value = values.get(need.quota)
        if value is None:
            yield Finding(
                Verdict.UNKNOWN,
                subject,
                f"There is no quota of this name, and {asked}; the region may not have such "
                "instances.",
            )
        elif value < need.num_instances:
            yield Finding(
                Verdict.PROBLEM,
                subject,
                f"It is {value:g}, and {asked}; ask for more in Service Quotas, or choose another "
                "instance type in the settings.",
            )
        else:
            yield Finding(Verdict.OK, subject, f"It is {value:g}; {asked}.")


def _values(names: set[str], service_quotas: Any) -> dict[str, float]:
    """Values of quotas by their names: those in force, else the defaults.

    Source: Service Quotas API Reference, ListServiceQuotas,
    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
    """
    found: dict[str, float] = {}
    for operation in ("list_service_quotas", "list_aws_default_service_quotas"):
        pages = service_quotas.get_paginator(operation).paginate(
            ServiceCode=SERVICE, PaginationConfig={"PageSize": _PAGE_SIZE}
        )
        for page in pages:
            for quota in page["Quotas"]:
                if quota["QuotaName"] in names:
                    found.setdefault(quota["QuotaName"], quota["Value"])
            if found.keys() == names:  # There are thousands of quotas.
                return found
    return found
