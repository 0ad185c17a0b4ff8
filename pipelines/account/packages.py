"""Approves and rejects model packages of an account, and lets schedules train as is approved."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infrastructure.functions.model_packages import describe_package
from pipelines.account.clients import Clients
from pipelines.account.deployed import approved_parameters, check_account, deployed_pipelines
from pipelines.account.errors import AccountError, explained
from pipelines.account.executions import unless_absent
from pipelines.account.lease import publishing, this_writer
from pipelines.definition import Json
from pipelines.local.errors import choices
from pipelines.reconcile import Change, Verb, present_schedules
from pipelines.trigger_requests import trigger_requests
from pipelines.triggers import schedules
from steps.site import Site

LATEST = "latest"
_NUM_PACKAGES = 20
_PARAMETERS = "PipelineParameters"
_UPDATABLE = (
    "Name", "GroupName", "Description", "ScheduleExpression", "ScheduleExpressionTimezone",
    "StartDate", "EndDate", "FlexibleTimeWindow", "State", "KmsKeyArn", "ActionAfterCompletion",
)  # fmt: skip
"""Members of UpdateSchedule but its target: what is left out of a request is set back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """A model package of an account."""

    arn: str
    group: str
    version: int
    status: str
    """Its approval status."""
    created: datetime

    @property
    def name(self) -> str:
        """`<group>/<version>`."""
        return f"{self.group}/{self.version}"

    def to_document(self) -> dict[str, Json]:
        """The package as ListModelPackages answers."""
        return {
            "CreationTime": self.created.isoformat(),
            "ModelApprovalStatus": self.status,
            "ModelPackageArn": self.arn,
            "ModelPackageGroupName": self.group,
            "ModelPackageVersion": self.version,
        }


@explained()
def list_packages(site: Site, clients: Clients) -> list[Package]:
    """The newest model packages of the site's group, newest first.

    Args:
        site: The site.
        clients: Clients of its account.

    Raises:
        AccountError: There is no such group, or the credentials are another account's.
    """
    pages = clients.sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=site.model_package_group,
        SortBy="CreationTime",
        SortOrder="Descending",
        PaginationConfig={"MaxItems": _NUM_PACKAGES, "PageSize": _NUM_PACKAGES},
    )
    with unless_absent(
        f"There is no model package group '{site.model_package_group}'; 'pipelines start training' "
        "makes it, with a first package."
    ):
        return [_package(item, site) for page in pages for item in page["ModelPackageSummaryList"]]


@explained()
def find_package(text: str, site: Site, clients: Clients) -> Package:
    """The model package that somebody means.

    Args:
        text: `<group>/<version>`, an ARN, or `latest` for the newest of the site's group.
        site: The site.
        clients: Clients of its account.

    Raises:
        AccountError: There is none, or it is another account's.
    """
    if text and text != LATEST:
        found = describe_package(text, clients.sagemaker)
        if found is not None:
            return _package(found, site)
    packages = list_packages(site, clients)
    if text == LATEST and packages:
        return packages[0]
    names = [package.name for package in packages]
    raise AccountError(f"There is no model package '{text}'. Packages: {choices(names)}.")


@explained()
def set_approval(package: Package, status: str, clients: Clients, *, note: str) -> None:
    """Approve or reject a model package.

    Args:
        package: The package.
        status: Its approval status from now on.
        clients: Clients of its account.
        note: Why, for those who ask; empty: what was noted before stays.
    """
    description = {"ApprovalDescription": note} if note else {}
    clients.sagemaker.update_model_package(
        ModelPackageArn=package.arn, ModelApprovalStatus=status, **description
    )


@explained()
def train_as_approved(site: Site, clients: Clients) -> list[Change]:
    """Let the schedules that repeat a training start it as the newest approved package was trained.

    All else of a schedule stays as it is, also what is declared otherwise by now: publishing that
    is up to an upsert.

    Args:
        site: The site.
        clients: Clients of its account.

    Returns:
        What was changed.

    Raises:
        AccountError: The account cannot be read, the group of the schedules does not exist, a
            schedule cannot be written, or another writer is at work.
        DeclarationError: A trigger cannot be declared.
    """
    if not _updates(site, clients):
        return []
    with publishing(site, clients.s3, this_writer()):
        updates = _updates(site, clients)  # An upsert may have been at work meanwhile.
        for request in updates:
            clients.scheduler.update_schedule(**request)
    return [Change(Verb.UPDATED, "schedule", request["Name"]) for request in updates]


def _updates(site: Site, clients: Clients) -> list[Mapping[str, Any]]:
    """The requests of UpdateSchedule."""
    deployed = deployed_pipelines(site, clients)
    approved = approved_parameters(site, deployed, clients.sagemaker)
    repeating = {
        site.pipeline_name(item.pipeline) for item in schedules(site) if item.repeats_training
    }
    wanted = trigger_requests(site, pipelines=deployed, approved=approved)
    present = present_schedules(wanted, clients.scheduler)
    updates: list[Mapping[str, Any]] = []
    for request in wanted.schedules:
        schedule = present.get(request["Name"])
        begins = json.loads(request["Target"]["Input"])
        if schedule is None or begins["PipelineName"] not in repeating:
            continue
        target = _with_parameters(schedule["Target"], begins[_PARAMETERS])
        if target != schedule["Target"]:
            kept = {name: schedule[name] for name in _UPDATABLE if name in schedule}
            updates.append({**kept, "Target": target})
    return updates


def _with_parameters(target: Mapping[str, Any], parameters: Json) -> Mapping[str, Any]:
    """A schedule's target that starts executions with these parameters."""
    begins = json.loads(target["Input"])
    if begins.get(_PARAMETERS) == parameters:
        return target
    return {**target, "Input": json.dumps({**begins, _PARAMETERS: parameters}, sort_keys=True)}


def _package(item: Mapping[str, Any], site: Site) -> Package:
    check_account(item["ModelPackageArn"], site)
    return Package(
        arn=item["ModelPackageArn"],
        group=item["ModelPackageGroupName"],
        version=item["ModelPackageVersion"],
        status=item.get("ModelApprovalStatus", ""),
        created=item["CreationTime"],
    )
