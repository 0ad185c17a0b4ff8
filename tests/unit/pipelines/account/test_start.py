"""Tests of pipelines.account.start, against moto and, for what it lacks, exact requests."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipelines.account.deployed import OTHER_ACCOUNT
from pipelines.account.errors import AccountError
from pipelines.account.selection import Selection
from pipelines.account.start import Started, new_token, retry, start, stop
from pipelines.local.errors import ParameterError
from tests.aws import SITE, Account, Fault
from tests.unit.pipelines.account.executing import (
    PIPELINE,
    TEXT,
    Sagemaker,
    arn,
    record,
    stubbed_account,
)

TOKEN = "0123456789abcdef" * 2


@pytest.fixture
def told() -> Iterator[tuple[Any, Sagemaker]]:
    """Clients, and what tells SageMaker's what to answer."""
    with stubbed_account() as found:
        yield found


@pytest.fixture
def deployed(account: Account) -> Account:
    """An account of moto's where the pipeline is deployed."""
    account.clients.sagemaker.create_pipeline(
        PipelineName=PIPELINE, PipelineDefinition=TEXT, RoleArn=SITE.role_arn
    )
    account.forget()
    return account


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_execution_starts_with_checked_parameters(deployed: Account) -> None:
    """Values are sent as the declared types write them; nothing else is in the request."""
    started = start(
        "training",
        SITE,
        deployed.clients,
        token=TOKEN,
        parameters={"Epochs": " 3", "Flip": "TRUE"},
        display_name="try-1",
        description="A longer training.",
    )
    [read, call] = deployed.calls
    assert str(read) == "sagemaker:DescribePipeline"
    assert (str(call), call.request) == (
        "sagemaker:StartPipelineExecution",
        {
            "PipelineName": PIPELINE,
            "ClientRequestToken": TOKEN,
            "PipelineExecutionDisplayName": "try-1",
            "PipelineExecutionDescription": "A longer training.",
            "PipelineParameters": [
                {"Name": "Epochs", "Value": "3"},
                {"Name": "Flip", "Value": "True"},
            ],
        },
    )
    assert started == Started(arn=started.arn)
    assert started.arn.startswith(f"{SITE.pipeline_arn('training')}/execution/")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            {"display_name": "my try"},
            "The name of an execution cannot be 'my try'; expected letters and digits with hyphens "
            "between them, at most 82 characters. A description takes any.",
            id="space",
        ),
        pytest.param(
            {"display_name": "a" * 83},
            f"The name of an execution cannot be '{'a' * 76}...; expected letters and digits with "
            "hyphens between them, at most 82 characters. A description takes any.",
            id="long",
        ),
        pytest.param(
            {"description": "one\ntwo"},
            "The description of an execution has several lines; expected one line of at most 3072 "
            "characters.",
            id="lines",
        ),
        pytest.param(
            {"description": "a" * 3073},
            "The description of an execution has 3073 characters; expected one line of at most "
            "3072 characters.",
            id="long description",
        ),
    ],
)
def test_words_that_the_service_does_not_take(
    told: tuple[Any, Sagemaker], words: dict[str, str], message: str
) -> None:
    """They are refused before the service is asked for anything."""
    clients, _ = told
    with pytest.raises(ParameterError) as caught:
        start("training", SITE, clients, token=TOKEN, parameters={}, **words)
    assert str(caught.value) == message


def test_forms_of_names_and_descriptions_are_the_services(told: tuple[Any, Sagemaker]) -> None:
    """What is refused here is what botocore's model of the service excludes."""
    shapes = told[0].sagemaker.meta.service_model.shape_for("StartPipelineExecutionRequest").members
    name = shapes["PipelineExecutionDisplayName"].metadata
    assert name == {"min": 1, "max": 82, "pattern": "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,81}"}
    assert shapes["PipelineExecutionDescription"].metadata == {
        "min": 0,
        "max": 3072,
        "pattern": ".*",
    }


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("fault", [Fault.TIMED_OUT, Fault.RESET, Fault.THROTTLED])
def test_a_start_that_is_attempted_again_starts_one(deployed: Account, fault: Fault) -> None:
    """Each attempt has the same token, so that an answer that was lost comes again."""
    deployed.faults = lambda call, attempt: (
        fault if call.operation.startswith("Start") and attempt < 2 else None
    )
    started = start("training", SITE, deployed.clients, token=TOKEN, parameters={})
    deployed.forget()
    answer = deployed.clients.sagemaker.list_pipeline_executions(PipelineName=PIPELINE)
    [only] = answer["PipelineExecutionSummaries"]
    assert only["PipelineExecutionArn"] == started.arn


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_nothing_starts_in_another_account(deployed: Account) -> None:
    """A pipeline of another stage has the same name."""
    other = replace(SITE, account="444455556666")
    with pytest.raises(AccountError) as caught:
        start("training", other, deployed.clients, token=TOKEN, parameters={})
    assert str(caught.value) == OTHER_ACCOUNT
    assert deployed.writes == []


def test_tokens_are_long_and_different() -> None:
    """The service wants 32 characters at least."""
    tokens = {new_token() for _ in range(100)}
    assert {len(token) for token in tokens} == {32}
    assert len(tokens) == 100


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize(
    ("parameters", "selection", "message"),
    [
        pytest.param(
            {"Epoch": "3"},
            None,
            "Parameter 'Epoch' is not declared by pipeline 'training'. Declared: Epochs, Flip, "
            "Net. Did you mean 'Epochs'?",
            id="unknown",
        ),
        pytest.param(
            {"Epochs": "three"},
            None,
            "Parameter 'Epochs' expects an Integer, got 'three'.",
            id="type",
        ),
        pytest.param(
            {"Net": "huge"}, None, "Parameter 'Net' is 'huge'; allowed: big, small.", id="enum"
        ),
        pytest.param(
            {},
            Selection(only=("Trian",)),
            "There is no step 'Trian'. Steps: CheckQuality, Evaluate, Preprocess, Register, "
            "Report, TooLow, Train. Did you mean 'Train'?",
            id="step",
        ),
    ],
)
def test_mistakes_are_found_before_the_call(
    deployed: Account, parameters: dict[str, str], selection: Selection | None, message: str
) -> None:
    """They are compared with what is deployed; nothing is written."""
    with pytest.raises(ParameterError) as raised:
        start(
            "training",
            SITE,
            deployed.clients,
            token=TOKEN,
            parameters=parameters,
            selection=selection,
        )
    assert str(raised.value) == message
    assert deployed.writes == []


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_parameter_without_default_is_asked_for(account: Account) -> None:
    """The message says how to give it."""
    definition = {"Parameters": [{"Name": "Uri", "Type": "String"}], "Steps": []}
    account.clients.sagemaker.create_pipeline(
        PipelineName=PIPELINE, PipelineDefinition=json.dumps(definition), RoleArn=SITE.role_arn
    )
    with pytest.raises(ParameterError) as raised:
        start("training", SITE, account.clients, token=TOKEN, parameters={})
    assert str(raised.value) == "Parameter 'Uri' has no default; pass -p Uri=VALUE."


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_pipeline_that_is_not_deployed_is_not_started(account: Account) -> None:
    """The message says how to publish it."""
    with pytest.raises(AccountError) as raised:
        start("training", SITE, account.clients, token=TOKEN, parameters={})
    assert str(raised.value) == (
        "Pipeline 'training' is not deployed; publish it with 'pipelines upsert training'."
    )


def test_a_selective_execution_takes_results_and_parameters(told: tuple[Any, Sagemaker]) -> None:
    """Parameters are those of the reference, but for those given and those no longer declared."""
    clients, sagemaker = told
    sagemaker.deployed()
    sagemaker.executions(("old", "Failed"), num=20)
    sagemaker.steps("old", record("Preprocess"), record("Train", "Failed"))
    sagemaker.parameters("old", Epochs="7", Flip="true", Gone="x")
    sagemaker.stub.add_response(
        "start_pipeline_execution",
        {"PipelineExecutionArn": arn("new")},
        {
            "PipelineName": PIPELINE,
            "ClientRequestToken": TOKEN,
            "PipelineParameters": [
                {"Name": "Epochs", "Value": "9"},
                {"Name": "Flip", "Value": "True"},
            ],
            "SelectiveExecutionConfig": {
                "SelectedSteps": [{"StepName": "Train"}],
                "SourcePipelineExecutionArn": arn("old"),
            },
        },
    )
    assert start(
        "training",
        SITE,
        clients,
        token=TOKEN,
        parameters={"Epochs": "9"},
        selection=Selection(only=("Train",)),
    ) == Started(arn=arn("new"), steps=("Train",), reference=arn("old"))


def test_first_steps_need_no_reference(told: tuple[Any, Sagemaker]) -> None:
    """What refers to nothing can be selected where nothing ever ran."""
    clients, sagemaker = told
    sagemaker.deployed()
    sagemaker.stub.add_response(
        "start_pipeline_execution",
        {"PipelineExecutionArn": arn("new")},
        {
            "PipelineName": PIPELINE,
            "ClientRequestToken": TOKEN,
            "SelectiveExecutionConfig": {"SelectedSteps": [{"StepName": "Preprocess"}]},
        },
    )
    selection = Selection(only=("Preprocess",))
    assert start(
        "training", SITE, clients, token=TOKEN, parameters={}, selection=selection
    ) == Started(arn=arn("new"), steps=("Preprocess",))


def test_an_execution_under_way_is_stopped(told: tuple[Any, Sagemaker]) -> None:
    """Botocore adds a token, the same to each attempt."""
    clients, sagemaker = told
    sagemaker.describe("a", "Executing")
    sagemaker.stub.add_response(
        "stop_pipeline_execution",
        {"PipelineExecutionArn": arn("a")},
        {"PipelineExecutionArn": arn("a")},
    )
    stop(arn("a"), clients)


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_an_execution_that_failed_is_tried_again(told: tuple[Any, Sagemaker], status: str) -> None:
    """So is one that was stopped."""
    clients, sagemaker = told
    sagemaker.describe("a", status)
    sagemaker.stub.add_response(
        "retry_pipeline_execution",
        {"PipelineExecutionArn": arn("a")},
        {"PipelineExecutionArn": arn("a")},
    )
    retry(arn("a"), clients)


def test_an_execution_that_has_ended_is_not_stopped(told: tuple[Any, Sagemaker]) -> None:
    """There is nothing to stop."""
    clients, sagemaker = told
    sagemaker.describe("a", "Failed")
    with pytest.raises(AccountError) as raised:
        stop(arn("a"), clients)
    assert str(raised.value) == "Execution 'a' has ended as Failed."


@pytest.mark.parametrize("status", ["Executing", "Succeeded"])
def test_only_a_failure_is_tried_again(told: tuple[Any, Sagemaker], status: str) -> None:
    """The message says what it is instead."""
    clients, sagemaker = told
    sagemaker.describe("a", status)
    with pytest.raises(AccountError) as raised:
        retry(arn("a"), clients)
    assert str(raised.value) == (
        f"Execution 'a' is {status}; only one that failed or was stopped can be tried again."
    )


def test_an_unknown_execution_is_said(told: tuple[Any, Sagemaker]) -> None:
    """What is not there is neither stopped nor tried again."""
    clients, sagemaker = told
    sagemaker.absent("describe_pipeline_execution")
    with pytest.raises(AccountError, match=r"^There is no execution 'a'\.$"):
        stop(arn("a"), clients)
