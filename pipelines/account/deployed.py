"""Reads what there is of a pipeline in an account, with few calls and no writes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.errors import AccountError, explained
from pipelines.account.functions import is_published
from pipelines.account.objects import Bucket
from pipelines.catalogue import CATALOGUE
from pipelines.compile import Compiled
from pipelines.definition import Json
from pipelines.plan import Deployed
from pipelines.plan.code import named_code
from pipelines.reconcile import PresentRule, present_rules, present_schedules, present_targets
from pipelines.release import Release, manifest_uri, release
from pipelines.triggers import TRIGGERED
from pipelines.triggers import schedules as declared_schedules
from steps.site import Site

OTHER_ACCOUNT = (
    "The AWS credentials are of another account than the site's; name other credentials in "
    "AWS_PROFILE, or the account in SITE_ACCOUNT."
)

_PAGE_SIZE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A pipeline as it is to be and as it is: the two sides of a plan."""

    compiled: Compiled
    release: Release
    deployed: Deployed
    others: frozenset[str]
    """Names in the catalogue of the project's other pipelines that are deployed."""


@explained()
def read_state(compiled: Compiled, site: Site, clients: Clients) -> State:
    """Read what there is of a compiled pipeline.

    Args:
        compiled: The pipeline.
        site: The site that it was compiled for.
        clients: Clients of the site's account.

    Raises:
        AccountError: The account cannot be read, is not the site's, or lacks the group of the
            schedules.
        DeclarationError: A trigger cannot be declared.
    """
    present = deployed_pipelines(site, clients)
    others = present - {compiled.name}
    approved: Mapping[str, str] = {}
    if compiled.name in TRIGGERED:
        approved = approved_parameters(site, {*present, compiled.name}, clients.sagemaker)
    wanted = release(compiled, site, pipelines=others, approved=approved)
    schedules: Mapping[str, Mapping[str, Any]] = {}
    rules: Mapping[str, PresentRule] = {}
    if wanted.triggers is not None:
        schedules = present_schedules(wanted.triggers, clients.scheduler)
        # Where there is to be none, one that is left listens to pipelines that are gone.
        if wanted.rules:
            rules = present_rules(wanted.triggers, clients.events)
    pipeline = _read_pipeline(wanted, clients.sagemaker) if compiled.name in present else {}
    bucket = Bucket(site, clients.s3)
    deployed = Deployed(
        **pipeline,
        missing_objects=bucket.missing(wanted.objects, site.uri("code", "")),
        functions=frozenset(
            function.arn for function in wanted.functions if is_published(function, clients.lambda_)
        ),
        manifests=_read_manifests(
            wanted, [pipeline.get("definition"), *present_targets(rules)], site, bucket
        ),
        schedules=schedules,
        rules=rules,
    )
    return State(compiled=compiled, release=wanted, deployed=deployed, others=others)


@explained()
def deployed_pipelines(site: Site, clients: Clients) -> frozenset[str]:
    """Names in the catalogue of the project's pipelines that are deployed.

    Args:
        site: The site.
        clients: Clients of its account.

    Raises:
        AccountError: The credentials are another account's.
    """
    pages = clients.sagemaker.get_paginator("list_pipelines").paginate(
        PipelineNamePrefix=site.project, PaginationConfig={"PageSize": _PAGE_SIZE}
    )
    arns = {
        item["PipelineName"]: item["PipelineArn"]
        for page in pages
        for item in page["PipelineSummaries"]
    }
    # Only an account without pipelines has to be asked.
    check_account(
        next(iter(arns.values())) if arns else clients.sts.get_caller_identity()["Arn"], site
    )
    return frozenset(name for name in CATALOGUE if site.pipeline_name(name) in arns)


def check_account(arn: str, site: Site) -> None:
    """Check that the credentials in use are the site's account's.

    Names of another stage's account are often the same: what is found by its name is looked at
    before anything is done with it.

    Args:
        arn: ARN of what they found.
        site: The site.

    Raises:
        AccountError: They are another account's.
    """
    if arn.split(":")[4] != site.account:
        raise AccountError(OTHER_ACCOUNT)


def approved_parameters(site: Site, pipelines: Iterable[str], sagemaker: Any) -> dict[str, str]:
    """What schedules that repeat a training start it with.

    Args:
        site: The site.
        pipelines: Names in the catalogue of the pipelines that are deployed.
        sagemaker: A SageMaker client.
    """
    from infrastructure.functions.model_packages import approved_training

    repeating = {item.pipeline for item in declared_schedules(site) if item.repeats_training}
    if repeating.isdisjoint(pipelines):
        return {}
    return approved_training(site.model_package_group, sagemaker)


def _read_pipeline(wanted: Release, sagemaker: Any) -> dict[str, Any]:
    """Members of `Deployed` that describe a pipeline."""
    answer = sagemaker.describe_pipeline(PipelineName=wanted.pipeline_name)
    if answer["PipelineStatus"] == "Deleting":
        raise AccountError(
            f"Pipeline '{wanted.pipeline_name}' is being deleted; run the command again later."
        )
    tags: list[Mapping[str, str]] = []
    if wanted.tags:  # Those of others are left alone.
        pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=answer["PipelineArn"])
        tags = [tag for page in pages for tag in page["Tags"]]
    parallelism = answer.get("ParallelismConfiguration") or {}
    return {
        "definition": json.loads(answer["PipelineDefinition"]),
        "description": answer.get("PipelineDescription", ""),
        "role_arn": answer["RoleArn"],
        "max_parallel_steps": parallelism.get("MaxParallelExecutionSteps"),
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


def _read_manifests(
    wanted: Release, present: Iterable[Json], site: Site, bucket: Bucket
) -> dict[tuple[str, str], Mapping[str, str]]:
    """Files of the bundles that are in use and will not be: what is to be is known."""
    in_use = {item for value in present for item in named_code(value).items()}
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    for name, digest in sorted(in_use - wanted.manifests.keys()):
        content = bucket.read(manifest_uri(site, name, digest))
        files = None if content is None else _files(content)
        if files is not None:
            found[name, digest] = files
    return found


def _files(manifest: bytes) -> dict[str, str] | None:
    """The files that a manifest lists; None where somebody made something else of it.

    It only tells which files changed: what is published does not depend on it.
    """
    try:
        files = json.loads(manifest)
    except ValueError:
        return None
    if not isinstance(files, dict) or not all(isinstance(item, str) for item in files.values()):
        return None
    return files
