"""Tests of pipelines.account.executions."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.account import executions
from pipelines.account.deployed import OTHER_ACCOUNT
from pipelines.account.errors import AccountError
from pipelines.account.executions import (
    POLL_SECONDS,
    find_execution,
    given_parameters,
    list_executions,
    read_execution,
    watch,
    with_reasons,
)
from pipelines.execution import Execution, FailedJob, Status, StepExecution
from tests.aws import SITE, Account
from tests.unit.pipelines.account.executing import (
    PIPELINE,
    START,
    TEXT,
    Sagemaker,
    arn,
    record,
    stubbed_account,
)


@pytest.fixture
def told() -> Iterator[tuple[Any, Sagemaker]]:
    """Clients, and what tells SageMaker's what to answer."""
    with stubbed_account() as found:
        yield found


def tell(sagemaker: Sagemaker, identity: str, status: str, *steps: dict[str, Any]) -> None:
    """All that is asked about an execution when it is read for the first time."""
    sagemaker.describe(identity, status)
    sagemaker.definition(identity)
    sagemaker.parameters(identity, Epochs="3")
    sagemaker.steps(identity, *steps)


def test_an_execution_is_read_as_one_of_this_machine(told: tuple[Any, Sagemaker]) -> None:
    """Every step of the definition is there, those that did not run too, in document order."""
    clients, sagemaker = told
    tell(
        sagemaker,
        "a",
        "Succeeded",
        record("Preprocess", CacheHitResult={"SourcePipelineExecutionArn": arn("old")}),
        record("Train", AttemptCount=2, Metadata={"TrainingJob": {"Arn": "arn:job/train-x"}}),
        record("Evaluate", SelectiveExecutionResult={"SourcePipelineExecutionArn": arn("ref")}),
        record("CheckQuality", Metadata={"Condition": {"Outcome": "True"}}),
        record(
            "Register",
            Metadata={"RegisterModel": {"Arn": "arn:aws:sagemaker:x:1:model-package/dogs/3"}},
        ),
    )
    execution = read_execution(arn("a"), SITE, clients)
    assert (execution.id, execution.pipeline, execution.name) == ("a", "training", "training/a")
    assert (execution.status, execution.seconds) == (Status.SUCCEEDED, 90.0)
    assert execution.parameters == {"Epochs": "3", "Flip": False, "Net": "small"}
    assert len(execution.definition_digest) == 7
    assert [(step.name, step.type, step.status, step.summary) for step in execution.steps] == [
        ("Preprocess", "Processing", "Succeeded", ""),
        ("Train", "Training", "Succeeded", "train-x"),
        ("Evaluate", "Processing", "Succeeded", ""),
        ("CheckQuality", "Condition", "Succeeded", ""),
        ("Register", "RegisterModel", "Succeeded", "dogs/3"),
        ("TooLow", "Fail", "Skipped", ""),
        ("Report", "Processing", "Skipped", ""),
    ]
    assert execution.step("Preprocess").is_cache_hit
    assert execution.step("Train").attempts == 2
    assert execution.step("Evaluate").reference == arn("ref")
    assert execution.step("Train").seconds == 60


def test_a_step_that_ran_was_taken_from_nowhere(told: tuple[Any, Sagemaker]) -> None:
    """The service says so by an ARN without content, too."""
    clients, sagemaker = told
    nowhere = {"SourcePipelineExecutionArn": ""}
    ran = record("Train", CacheHitResult=nowhere, SelectiveExecutionResult=nowhere)
    tell(sagemaker, "a", "Succeeded", ran, record("Evaluate", CacheHitResult={}))
    execution = read_execution(arn("a"), SITE, clients)
    for name in ("Train", "Evaluate"):
        step = execution.step(name)
        assert (step.is_cache_hit, step.cache_source, step.reference) == (False, None, None)


def test_a_function_is_summed_up_by_its_outputs(told: tuple[Any, Sagemaker]) -> None:
    """Of several records of a step the last counts."""
    clients, sagemaker = told
    outputs = [{"Name": "ModelUri", "Value": "s3://b/m"}, {"Name": "Count", "Value": "2"}]
    tell(
        sagemaker,
        "a",
        "Executing",
        record("Preprocess", "Stopping"),
        record("Preprocess", Metadata={"Lambda": {"Arn": "arn", "OutputParameters": outputs}}),
    )
    execution = read_execution(arn("a"), SITE, clients)
    assert execution.ended is None
    assert execution.step("Preprocess").summary == "ModelUri=s3://b/m Count=2"


def test_a_selective_execution_names_its_steps(told: tuple[Any, Sagemaker]) -> None:
    """So does its document, in the words of the service."""
    clients, sagemaker = told
    sagemaker.describe(
        "a",
        "Stopped",
        PipelineExecutionDisplayName="try-1",
        PipelineExecutionDescription="again",
        SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "Train"}]},
    )
    sagemaker.definition("a", '{"Steps": []}')
    sagemaker.parameters("a")
    sagemaker.steps("a")
    execution = read_execution(arn("a"), SITE, clients)
    assert execution.to_document() == {
        "CreationTime": "2026-11-21T09:00:00+00:00",
        "DefinitionDigest": execution.definition_digest,
        "EndTime": "2026-11-21T09:01:30+00:00",
        "FailureReason": None,
        "PipelineExecutionArn": arn("a"),
        "PipelineExecutionDescription": "again",
        "PipelineExecutionDisplayName": "try-1",
        "PipelineExecutionStatus": "Stopped",
        "PipelineExecutionSteps": [],
        "PipelineParameters": [],
        "SelectedSteps": ["Train"],
    }


def test_a_failed_step_has_its_job(
    told: tuple[Any, Sagemaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reasons are without account numbers; other steps are not looked into."""
    clients, sagemaker = told
    job = FailedJob(name="train-x", reason="no memory", log="group/stream", log_lines=("end",))
    monkeypatch.setattr(executions, "failed_job", lambda step, _: job if step.attempts else None)
    reason = "User: arn:aws:sts::111122223333:assumed-role/r is not authorized"
    tell(sagemaker, "a", "Failed", record("Train", "Failed", FailureReason=reason))
    step = read_execution(arn("a"), SITE, clients).step("Train")
    assert step.failed_job == job
    assert step.failure_reason == "User: arn:aws:sts::<account>:assumed-role/r is not authorized"
    assert step.to_json()["FailedJob"] == {
        "Name": "train-x",
        "FailureReason": "no memory",
        "Log": "group/stream",
        "LogLines": ["end"],
        "Note": "",
        "Repeat": "",
    }


def test_an_unknown_execution_is_said(told: tuple[Any, Sagemaker]) -> None:
    """The message says how to find those that there are."""
    clients, sagemaker = told
    sagemaker.absent("describe_pipeline_execution")
    with pytest.raises(AccountError) as raised:
        read_execution(arn("a"), SITE, clients)
    assert str(raised.value) == (
        "There is no execution 'training/a'; 'pipelines status --account training' lists those "
        "that there are."
    )


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_executions_of_a_pipeline_are_listed(account: Account) -> None:
    """They are known by the pipeline's name in the catalogue."""
    sagemaker = account.clients.sagemaker
    sagemaker.create_pipeline(PipelineName=PIPELINE, PipelineDefinition=TEXT, RoleArn=SITE.role_arn)
    started = sagemaker.start_pipeline_execution(
        PipelineName=PIPELINE, PipelineExecutionDisplayName="try-1"
    )
    [item] = list_executions("training", SITE, account.clients, num_executions=5)
    assert item.arn == started["PipelineExecutionArn"]
    assert (item.name, item.display_name) == (f"training/{item.id}", "try-1")
    assert item.to_document()["PipelineExecutionStatus"] == "Succeeded"
    assert find_execution("training", SITE, account.clients) == item.arn
    with pytest.raises(AccountError) as raised:
        find_execution("training", replace(SITE, account="444455556666"), account.clients)
    assert str(raised.value) == OTHER_ACCOUNT
    assert find_execution("latest", SITE, account.clients) == item.arn
    assert find_execution(item.id, SITE, account.clients) == item.arn


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        pytest.param(
            [
                record("JudgeWindow", "Failed", FailureReason="DriftError: 2 violations"),
                record(
                    "DriftDetected",
                    "Failed",
                    FailureReason="The step failed.",
                    Metadata={"Fail": {"ErrorMessage": f"Drift at {arn('x')}."}},
                ),
            ],
            "Drift at arn:aws:sagemaker:us-east-1:<account>:pipeline/dogs-training/execution/x.",
            id="declared",
        ),
        pytest.param(
            [record("DriftDetected", "Failed", FailureReason="Drift.", Metadata={"Fail": {}})],
            "Drift.",
            id="declared, without metadata",
        ),
        pytest.param(
            [
                record("Train", "Failed", FailureReason="The first attempt."),
                record("Train", "Failed", FailureReason="No labels."),
                record("Report", "Stopped"),
            ],
            "Step 'Train' failed: No labels.",
            id="step",
        ),
        pytest.param([record("Train", "Failed")], "A step failed.", id="step without reason"),
        pytest.param([], "A step failed.", id="no step"),
    ],
)
def test_a_failure_has_the_reason_that_its_steps_give(
    told: tuple[Any, Sagemaker], steps: list[dict[str, Any]], reason: str
) -> None:
    """What a Fail step says counts, then the step that failed; only failures are asked about."""
    clients, sagemaker = told
    statuses = ("Executing", "Failed", "CompletedWithFailures", "Stopped")
    sagemaker.executions(*((status.lower(), status) for status in statuses), num=4)
    found = [
        replace(item, failure_reason="A step failed.")
        for item in list_executions("training", SITE, clients, num_executions=4)
    ]
    sagemaker.steps("failed", *steps)
    sagemaker.steps("completedwithfailures", *steps)
    told_reasons = [item.failure_reason for item in with_reasons(found, clients)]
    assert told_reasons == ["A step failed.", reason, reason, "A step failed."]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_pipeline_that_is_not_deployed_has_no_list(account: Account) -> None:
    """The message says how to publish it."""
    with pytest.raises(AccountError) as raised:
        list_executions("training", SITE, account.clients, num_executions=5)
    assert str(raised.value) == (
        "Pipeline 'training' is not deployed; publish it with 'pipelines upsert training'."
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(arn("a"), arn("a"), id="arn"),
        pytest.param("training/a", arn("a"), id="pipeline and id"),
        pytest.param("scoring/b", arn("b", "scoring"), id="another pipeline"),
    ],
)
def test_a_whole_name_needs_no_call(told: tuple[Any, Sagemaker], text: str, found: str) -> None:
    """What it names is looked at by whoever reads it."""
    clients, _ = told
    assert find_execution(text, SITE, clients) == found


def test_the_newest_of_a_pipeline_and_of_all_is_found(told: tuple[Any, Sagemaker]) -> None:
    """Executions of different pipelines are compared by their start."""
    clients, sagemaker = told
    sagemaker.executions(("b", "Failed"), num=1)
    assert find_execution("training", SITE, clients) == arn("b")
    sagemaker.pipelines("scoring", "training")
    sagemaker.executions(num=1, pipeline="scoring")
    sagemaker.executions(("b", "Failed"), num=1)
    assert find_execution("latest", SITE, clients) == arn("b")


def test_an_id_is_looked_for_in_each_pipeline(told: tuple[Any, Sagemaker]) -> None:
    """It does not tell whose it is."""
    clients, sagemaker = told
    sagemaker.pipelines("scoring", "training")
    sagemaker.absent("describe_pipeline_execution")
    sagemaker.describe("c", "Failed")
    assert find_execution("c", SITE, clients) == arn("c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "arn:aws:sagemaker:us-east-1:111122223333:pipeline/cats/execution/a",
            "'arn:aws:sagemaker:us-east-1:111122223333:pipeline/cats/execution/a' is no execution "
            "of this project; expected an ARN, an id, <pipeline>/<id>, a pipeline or 'latest'. "
            "Pipelines: deployment, monitoring, retraining, scoring, training.",
            id="another project",
        ),
        pytest.param(
            "trainin/a",
            "'trainin/a' is no execution of this project; expected an ARN, an id, <pipeline>/<id>, "
            "a pipeline or 'latest'. Pipelines: deployment, monitoring, retraining, scoring, "
            "training.",
            id="typing error",
        ),
    ],
)
def test_a_wrong_name_is_answered_with_right_ones(
    told: tuple[Any, Sagemaker], text: str, message: str
) -> None:
    """No call is made for it."""
    clients, _ = told
    with pytest.raises(AccountError) as raised:
        find_execution(text, SITE, clients)
    assert str(raised.value) == message


def test_an_execution_that_nobody_has_is_said(told: tuple[Any, Sagemaker]) -> None:
    """The message says where it was looked for."""
    clients, sagemaker = told
    sagemaker.pipelines("training")
    sagemaker.absent("describe_pipeline_execution")
    with pytest.raises(AccountError) as raised:
        find_execution("c", SITE, clients)
    assert str(raised.value) == (
        "There is no execution 'c' of training; 'pipelines status --account' lists them."
    )


def test_without_executions_there_is_no_newest(told: tuple[Any, Sagemaker]) -> None:
    """The message says how to begin one, or what to do before."""
    clients, sagemaker = told
    sagemaker.pipelines("training")
    sagemaker.executions(num=1)
    with pytest.raises(AccountError) as raised:
        find_execution("latest", SITE, clients)
    assert str(raised.value) == "There are no executions; begin one with 'pipelines start NAME'."
    sagemaker.pipelines()
    user = {"Arn": f"arn:aws:iam::{SITE.account}:user/me"}
    clients.sts = SimpleNamespace(get_caller_identity=lambda: user)
    with pytest.raises(AccountError) as raised:
        find_execution("latest", SITE, clients)
    assert str(raised.value) == (
        "No pipeline of this project is deployed; publish them with 'pipelines upsert --all'."
    )


def test_an_execution_may_have_no_parameters_of_its_own() -> None:
    """The service need not name what it has nothing of."""
    answer = {"PipelineParameters": []}
    pages = SimpleNamespace(paginate=lambda **_: iter([{}, answer]))
    client = SimpleNamespace(get_paginator=lambda _: pages)
    assert given_parameters(arn("a"), client) == {}


def test_a_pipeline_without_executions_has_no_newest(told: tuple[Any, Sagemaker]) -> None:
    """The message says how to begin one."""
    clients, sagemaker = told
    sagemaker.executions(num=1)
    with pytest.raises(AccountError) as raised:
        find_execution("training", SITE, clients)
    assert str(raised.value) == (
        "Pipeline 'training' has no execution; begin one with 'pipelines start training'."
    )


class Notes:
    """A display that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def begin(self, execution: Execution, num_steps: int) -> None:
        """Note the beginning."""
        self.told.append(("begin", execution.status, num_steps))

    def update(self, step: StepExecution) -> None:
        """Note a step that is not skipped."""
        if step.status is not Status.SKIPPED:
            self.told.append((step.name, step.status))

    def finish(self, execution: Execution) -> None:
        """Note the end."""
        self.told.append(("finish", execution.status))

    def leave(self) -> None:
        """Note that nobody looks."""
        self.told.append("leave")


def test_an_execution_is_watched_to_its_end(told: tuple[Any, Sagemaker]) -> None:
    """What never changes is read once; each step is told when it changes, and only then."""
    clients, sagemaker = told
    tell(sagemaker, "a", "Executing", record("Preprocess", "Starting"))
    sagemaker.describe("a", "Executing")
    sagemaker.steps("a", record("Preprocess", "Starting"))
    sagemaker.describe("a", "Failed")
    sagemaker.steps("a", record("Preprocess", "Failed", FailureReason="no"))
    waited: list[float] = []
    notes = Notes()
    execution = watch(arn("a"), SITE, clients, notes, sleep=waited.append)
    assert notes.told == [
        ("begin", "Executing", 5),
        ("Preprocess", "Starting"),
        ("Preprocess", "Failed"),
        ("finish", "Failed"),
    ]
    assert waited == [POLL_SECONDS, POLL_SECONDS]
    assert execution.step("Preprocess").failure_reason == "no"


def test_a_watch_that_is_interrupted_leaves_the_display(told: tuple[Any, Sagemaker]) -> None:
    """Nothing is asked of the service: the execution goes on."""
    clients, sagemaker = told
    tell(sagemaker, "a", "Executing")

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    notes = Notes()
    with pytest.raises(KeyboardInterrupt):
        watch(arn("a"), SITE, clients, notes, sleep=interrupt)
    assert notes.told == [("begin", "Executing", 5), "leave"]


def test_times_are_those_of_the_service(told: tuple[Any, Sagemaker]) -> None:
    """An execution that is under way has no end."""
    clients, sagemaker = told
    tell(sagemaker, "a", "Stopping", record("Train", "Executing"))
    execution = read_execution(arn("a"), SITE, clients)
    assert (execution.started, execution.ended) == (START, None)
    assert replace(execution, ended=START + timedelta(seconds=5)).seconds == 5


def test_a_refusal_is_not_taken_for_absence(told: tuple[Any, Sagemaker]) -> None:
    """Whoever may not look does not know whether it is there."""
    clients, sagemaker = told
    sagemaker.pipelines("training")
    sagemaker.stub.add_client_error("describe_pipeline_execution", "AccessDeniedException", "", 400)
    with pytest.raises(AccountError, match=r"^The credentials in use do not allow Describe"):
        find_execution("c", SITE, clients)


def test_whoever_may_not_read_an_execution_is_told_so(told: tuple[Any, Sagemaker]) -> None:
    """It is not said that there is none."""
    clients, sagemaker = told
    sagemaker.stub.add_client_error("describe_pipeline_execution", "AccessDeniedException", "", 400)
    with pytest.raises(AccountError, match=r"^The credentials in use do not allow Describe"):
        read_execution(arn("a"), SITE, clients)
