"""Reads executions of an account, finds the one that somebody means, and watches one to its end."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.deployed import check_account, deployed_pipelines
from pipelines.account.errors import AccountError, code, explained, without_account
from pipelines.account.logs import failed_job
from pipelines.catalogue import CATALOGUE
from pipelines.definition import Json, load, steps
from pipelines.display import Display, declared_reason
from pipelines.execution import Execution, Status, StepExecution, first_failure
from pipelines.local.errors import choices
from pipelines.local.files import to_json
from pipelines.local.graph import build_graph
from steps.site import Site

LATEST = "latest"
POLL_SECONDS = 10.0
"""Steps take minutes, and all of an account share the limits of its calls."""
NO_EXECUTIONS = "There are no executions; begin one with 'pipelines start NAME'."
_EXECUTION = "/execution/"
_PAGE_SIZE = 100
_NUM_DIGITS = 7
_FAILED = frozenset({Status.FAILED, Status.COMPLETED_WITH_FAILURES})

Sleep = Callable[[float], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """An execution of an account, as far as a list tells of it."""

    arn: str
    pipeline: str
    """Name of its pipeline in the catalogue."""
    status: Status
    started: datetime
    display_name: str
    failure_reason: str

    @property
    def id(self) -> str:
        """The execution's id."""
        return execution_id(self.arn)

    @property
    def name(self) -> str:
        """`<pipeline>/<id>`, by which commands know it."""
        return f"{self.pipeline}/{self.id}"

    def to_document(self) -> dict[str, Json]:
        """The execution as ListPipelineExecutions answers."""
        return {
            "PipelineExecutionArn": self.arn,
            "PipelineExecutionDisplayName": self.display_name,
            "PipelineExecutionFailureReason": self.failure_reason,
            "PipelineExecutionStatus": self.status,
            "StartTime": self.started.isoformat(),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountExecution(Execution):
    """One execution of a pipeline of an account."""

    arn: str
    display_name: str = ""
    description: str = ""
    selected_steps: tuple[str, ...] = ()
    """Steps of a selective execution; empty: it is one of all steps."""

    @property
    def name(self) -> str:
        """`<pipeline>/<id>`, by which commands know it."""
        return f"{self.pipeline}/{self.id}"

    def to_document(self) -> dict[str, Json]:
        """The execution in the words of DescribePipelineExecution and its kin."""
        return {
            "DefinitionDigest": self.definition_digest,
            "FailureReason": self.failure_reason,
            "PipelineExecutionArn": self.arn,
            "PipelineExecutionDescription": self.description,
            "PipelineExecutionDisplayName": self.display_name,
            "PipelineExecutionStatus": self.status,
            "PipelineExecutionSteps": [step.to_json() for step in self.steps],
            "PipelineParameters": [
                {"Name": name, "Value": value} for name, value in sorted(self.parameters.items())
            ],
            "SelectedSteps": list(self.selected_steps),
            "CreationTime": self.started.isoformat(),
            "EndTime": self.ended and self.ended.isoformat(),
        }


def execution_id(arn: str) -> str:
    """The id at the end of an execution's ARN."""
    return arn.rpartition("/")[2]


@explained()
def list_executions(
    pipeline: str, site: Site, clients: Clients, *, num_executions: int
) -> list[Listed]:
    """The newest executions of a pipeline, newest first.

    Args:
        pipeline: Its name in the catalogue.
        site: The site.
        clients: Clients of its account.
        num_executions: How many at most.

    Raises:
        AccountError: The pipeline is not deployed, or the credentials are another account's.
    """
    pages = clients.sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=site.pipeline_name(pipeline),
        SortBy="CreationTime",
        SortOrder="Descending",
        PaginationConfig={"MaxItems": num_executions, "PageSize": min(num_executions, _PAGE_SIZE)},
    )
    with unless_absent(not_deployed(pipeline)):
        found = [item for page in pages for item in page["PipelineExecutionSummaries"]]
    if found:
        check_account(found[0]["PipelineExecutionArn"], site)
    return [
        Listed(
            arn=item["PipelineExecutionArn"],
            pipeline=pipeline,
            status=Status(item["PipelineExecutionStatus"]),
            started=item["StartTime"],
            display_name=item.get("PipelineExecutionDisplayName", ""),
            failure_reason=without_account(item.get("PipelineExecutionFailureReason", "")),
        )
        for item in found
    ]


@explained()
def with_reasons(found: Iterable[Listed], clients: Clients) -> list[Listed]:
    """Executions of a list with the reasons that their steps give, one call for each that failed.

    What the service says of an execution as a whole need not name the step that failed.

    Args:
        found: The executions.
        clients: Clients of their account.

    Raises:
        AccountError: Their steps cannot be read.
    """
    return [
        replace(item, failure_reason=_reason(item, clients)) if item.status in _FAILED else item
        for item in found
    ]


def _reason(item: Listed, clients: Clients) -> str:
    """What a Fail step said; else which step failed and why."""
    records = {record["StepName"]: record for record in step_records(item.arn, clients.sagemaker)}
    steps = [_step(name, "", record) for name, record in records.items()]
    declared = declared_reason(steps)
    if declared is not None:
        return without_account(declared)
    failed = first_failure(steps)
    if failed is None or failed.failure_reason is None:
        return item.failure_reason
    return failed.failure


@explained()
def find_execution(text: str, site: Site, clients: Clients) -> str:
    """The ARN of the execution that somebody means.

    Args:
        text: An ARN, `<pipeline>/<id>`, an id, the name of a pipeline for its newest execution, or
            `latest` for the newest of all.
        site: The site.
        clients: Clients of its account.

    Raises:
        AccountError: There is none.
    """
    pipeline, slash, identity = text.partition("/")
    if slash and pipeline in CATALOGUE:
        return _arn(pipeline, identity, site)
    if slash or text.startswith("arn:"):
        _pipeline_of(text, site)
        return text
    if text in CATALOGUE:
        newest = list_executions(text, site, clients, num_executions=1)
        if not newest:
            raise AccountError(
                f"Pipeline '{text}' has no execution; begin one with 'pipelines start {text}'."
            )
        return newest[0].arn
    deployed = sorted(deployed_pipelines(site, clients))
    if not deployed:
        raise AccountError(
            "No pipeline of this project is deployed; publish them with 'pipelines upsert --all'."
        )
    if text == LATEST:
        executions = [
            item
            for name in deployed
            for item in list_executions(name, site, clients, num_executions=1)
        ]
        if not executions:
            raise AccountError(NO_EXECUTIONS)
        return max(executions, key=lambda item: item.started).arn
    for name in deployed:
        arn = _arn(name, text, site)
        if _is_there(arn, clients.sagemaker):
            return arn
    raise AccountError(
        f"There is no execution '{text}' of {choices(deployed)}; 'pipelines status --account' "
        "lists them."
    )


@explained()
def read_execution(arn: str, site: Site, clients: Clients) -> AccountExecution:
    """All that is known of an execution; where a step failed, with the end of its job's log.

    Args:
        arn: Its ARN.
        site: The site.
        clients: Clients of its account.

    Raises:
        AccountError: There is no such execution.
    """
    return _with_failed_jobs(_Reader(arn, site, clients).read(), clients)


@explained()
def watch(
    arn: str, site: Site, clients: Clients, display: Display, *, sleep: Sleep = time.sleep
) -> AccountExecution:
    """Show an execution until it has ended. Whatever ends this, the execution goes on.

    Args:
        arn: Its ARN.
        site: The site.
        clients: Clients of its account.
        display: Told how it goes.
        sleep: Waits for a number of seconds.

    Raises:
        AccountError: There is no such execution, or it cannot be read any more.
    """
    reader = _Reader(arn, site, clients)
    execution = reader.read()
    display.begin(execution, len(execution.selected_steps) or reader.num_steps_at_most)
    shown: dict[str, StepExecution] = {}
    is_finished = False
    try:
        while True:
            for step in execution.steps:
                if shown.get(step.name) != step:
                    shown[step.name] = step
                    display.update(step)
            if not execution.status.is_under_way:
                break
            sleep(POLL_SECONDS)
            execution = reader.read()
        execution = _with_failed_jobs(execution, clients)
        is_finished = True
    finally:
        if not is_finished:
            display.leave()
    display.finish(execution)
    return execution


class _Reader:
    """Reads an execution again and again; what never changes, once."""

    def __init__(self, arn: str, site: Site, clients: Clients) -> None:
        self._arn = arn
        self._pipeline = _pipeline_of(arn, site)
        self._sagemaker = clients.sagemaker

    def read(self) -> AccountExecution:
        """The execution as it is now."""
        request = {"PipelineExecutionArn": self._arn}
        name = f"{self._pipeline}/{execution_id(self._arn)}"
        with unless_absent(
            f"There is no execution '{name}'; 'pipelines status --account {self._pipeline}' lists "
            "those that there are."
        ):
            answer = self._sagemaker.describe_pipeline_execution(**request)
        status = Status(answer["PipelineExecutionStatus"])
        return AccountExecution(
            id=execution_id(self._arn),
            pipeline=self._pipeline,
            arn=self._arn,
            status=status,
            started=answer["CreationTime"],
            ended=None if status.is_under_way else answer["LastModifiedTime"],
            parameters=self._parameters,
            definition_digest=sha256(to_json(self._definition).encode()).hexdigest()[:_NUM_DIGITS],
            steps=self._steps(),
            failure_reason=without_account(answer.get("FailureReason", "")) or None,
            display_name=answer.get("PipelineExecutionDisplayName", ""),
            description=answer.get("PipelineExecutionDescription", ""),
            selected_steps=tuple(
                step["StepName"]
                for step in answer.get("SelectiveExecutionConfig", {}).get("SelectedSteps", [])
            ),
        )

    @property
    def num_steps_at_most(self) -> int:
        """Most steps that run if none fails."""
        return build_graph(self._definition).num_steps_at_most()

    @cached_property
    def _definition(self) -> Mapping[str, Json]:
        answer = self._sagemaker.describe_pipeline_definition_for_execution(
            PipelineExecutionArn=self._arn
        )
        return load(answer["PipelineDefinition"])

    @cached_property
    def _parameters(self) -> Mapping[str, Json]:
        defaults = {
            parameter["Name"]: parameter["DefaultValue"]
            for parameter in self._definition.get("Parameters", [])
            if "DefaultValue" in parameter
        }
        return {**defaults, **given_parameters(self._arn, self._sagemaker)}

    def _steps(self) -> tuple[StepExecution, ...]:
        """Every step of the definition; of several attempts, the last."""
        records = {
            record["StepName"]: record for record in step_records(self._arn, self._sagemaker)
        }
        return tuple(
            _step(step.name, step.type, records.get(step.name)) for step in steps(self._definition)
        )


def step_records(arn: str, sagemaker: Any) -> list[Mapping[str, Any]]:
    """What ListPipelineExecutionSteps answers, in the order in which the steps started."""
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending", PaginationConfig={"PageSize": _PAGE_SIZE}
    )
    return [record for page in pages for record in page["PipelineExecutionSteps"]]


def cache_source(record: Mapping[str, Any]) -> str | None:
    """ARN of the execution whose result the step cache gave for a step; None for one that ran."""
    return _source(record, "CacheHitResult")


def reference(record: Mapping[str, Any]) -> str | None:
    """ARN of the execution whose result a selective execution took for a step; None: none."""
    return _source(record, "SelectiveExecutionResult")


def _source(record: Mapping[str, Any], member: str) -> str | None:
    """The ARN in a member of a record.

    The service also gives the member with an empty ARN, of a step that ran.

    Source: Amazon SageMaker AI Developer Guide, "Run a pipeline", the output of list_steps,
    https://docs.aws.amazon.com/sagemaker/latest/dg/run-pipeline.html
    """
    return record.get(member, {}).get("SourcePipelineExecutionArn") or None


def given_parameters(arn: str, sagemaker: Any) -> dict[str, str]:
    """Values of pipeline parameters that an execution was started with."""
    pages = sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(
        PipelineExecutionArn=arn, PaginationConfig={"PageSize": _PAGE_SIZE}
    )
    # Without any, the answer need not have the member.
    found = [item for page in pages for item in page.get("PipelineParameters", [])]
    return {item["Name"]: item["Value"] for item in found}


def not_deployed(pipeline: str) -> str:
    """What is said of a pipeline that is not there."""
    return f"Pipeline '{pipeline}' is not deployed; publish it with 'pipelines upsert {pipeline}'."


@contextmanager
def unless_absent(message: str) -> Iterator[None]:
    """Raise an error with a message where the service says that what was asked for is not there."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if not is_absence(error):
            raise
        raise AccountError(message) from error


def is_absence(error: Any) -> bool:
    """Whether the service says that what was asked for is not there."""
    message = error.response["Error"].get("Message", "")
    is_invalid = code(error) == "ValidationException"
    says_so = "does not exist" in message or "Could not find" in message
    return code(error) == "ResourceNotFound" or (is_invalid and says_so)


def _is_there(arn: str, sagemaker: Any) -> bool:
    from botocore.exceptions import ClientError

    try:
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    except ClientError as error:
        if is_absence(error):
            return False
        raise
    return True


def _arn(pipeline: str, identity: str, site: Site) -> str:
    return f"{site.pipeline_arn(pipeline)}{_EXECUTION}{identity}"


def _pipeline_of(arn: str, site: Site) -> str:
    """Name in the catalogue of the pipeline of an execution."""
    pipeline_arn, found, _ = arn.partition(_EXECUTION)
    names = {site.pipeline_arn(name): name for name in CATALOGUE}
    if not found or pipeline_arn not in names:
        raise AccountError(
            f"'{arn}' is no execution of this project; expected an ARN, an id, <pipeline>/<id>, a "
            f"pipeline or '{LATEST}'. Pipelines: {choices(list(CATALOGUE))}."
        )
    return names[pipeline_arn]


def _step(name: str, kind: str, record: Mapping[str, Any] | None) -> StepExecution:
    if record is None:
        return StepExecution(name=name, type=kind, status=Status.SKIPPED)
    metadata = record.get("Metadata", {})
    return StepExecution(
        name=name,
        type=kind,
        status=Status(record["StepStatus"]),
        started=record.get("StartTime"),
        ended=record.get("EndTime"),
        attempts=record.get("AttemptCount", 0),
        cache_source=cache_source(record),
        reference=reference(record),
        failure_reason=without_account(record.get("FailureReason", "")) or None,
        metadata=metadata,
        summary=_summary(metadata),
    )


def _summary(metadata: Mapping[str, Any]) -> str:
    """What a step left, in a few words: a function's outputs, or the name of what it made."""
    if "Lambda" in metadata:
        outputs = metadata["Lambda"].get("OutputParameters", [])
        return " ".join(f"{item['Name']}={item['Value']}" for item in outputs)
    arns = [str(value["Arn"]) for value in metadata.values() if value.get("Arn")]
    if "RegisterModel" in metadata and arns:  # A version alone is no name.
        return "/".join(arns[0].split("/")[-2:])
    return arns[0].rpartition("/")[2] if arns else ""


def _with_failed_jobs(execution: AccountExecution, clients: Clients) -> AccountExecution:
    return replace(
        execution,
        steps=tuple(
            replace(step, failed_job=failed_job(step, clients))
            if step.status is Status.FAILED
            else step
            for step in execution.steps
        ),
    )
