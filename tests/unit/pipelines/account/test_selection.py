"""Tests of pipelines.account.selection."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.account.errors import AccountError
from pipelines.account.selection import Needs, Selection, find_reference, needs, selected_steps
from pipelines.local.errors import ParameterError
from tests.aws import SITE
from tests.unit.pipelines.account.executing import (
    DEFINITION,
    Sagemaker,
    arn,
    record,
    stubbed_account,
)

NEEDED = Needs(results=("Preprocess", "CheckQuality"), outcomes={"CheckQuality": True})


@pytest.fixture
def account() -> Iterator[tuple[Any, Sagemaker]]:
    """Clients, and what tells SageMaker's what to answer."""
    with stubbed_account() as found:
        yield found


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        pytest.param(Selection(only=("Train",)), ["Train"], id="one"),
        pytest.param(Selection(only=("Evaluate", "Train")), ["Train", "Evaluate"], id="two"),
        pytest.param(
            Selection(first="Evaluate"),
            ["Evaluate", "CheckQuality", "Register", "TooLow"],
            id="from, with both branches",
        ),
        pytest.param(
            Selection(first="Train"),
            ["Train", "Evaluate", "CheckQuality", "Register", "TooLow", "Report"],
            id="from, with what answers a failure",
        ),
        pytest.param(Selection(first="Register"), ["Register"], id="from the last"),
    ],
)
def test_steps_are_selected_in_document_order(selection: Selection, names: list[str]) -> None:
    """The named ones, or one and all that wait for it."""
    assert selected_steps(DEFINITION, selection) == names


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        pytest.param(
            Selection(only=("Trian",)),
            "There is no step 'Trian'. Steps: CheckQuality, Evaluate, Preprocess, Register, "
            "Report, TooLow, Train. Did you mean 'Train'?",
            id="typing error",
        ),
        pytest.param(
            Selection(first="Deploy"),
            "There is no step 'Deploy'. Steps: CheckQuality, Evaluate, Preprocess, Register, "
            "Report, TooLow, Train.",
            id="unknown",
        ),
        pytest.param(
            Selection(only=("Train", "CheckQuality")),
            "Between the selected steps CheckQuality, Train there are others, which must be "
            "selected as well: Evaluate.",
            id="gap",
        ),
    ],
)
def test_what_the_service_would_not_take_is_said_before(selection: Selection, message: str) -> None:
    """The message names the steps that there are, or that are missing."""
    with pytest.raises(ParameterError) as raised:
        selected_steps(DEFINITION, selection)
    assert str(raised.value) == message


def test_there_is_a_limit_of_selected_steps() -> None:
    """A list of SelectedSteps has at most 50."""
    steps = [{"Name": f"S{number}", "Type": "Fail", "Arguments": {}} for number in range(51)]
    names = tuple(str(step["Name"]) for step in steps)
    with pytest.raises(ParameterError) as raised:
        selected_steps({"Steps": steps}, Selection(only=names))
    assert str(raised.value) == "51 steps are selected; a selective execution takes at most 50."


@pytest.mark.parametrize(
    ("chosen", "needed"),
    [
        pytest.param(["Preprocess"], Needs(results=(), outcomes={}), id="nothing"),
        pytest.param(
            ["Evaluate"], Needs(results=("Preprocess", "Train"), outcomes={}), id="results"
        ),
        pytest.param(["Report"], Needs(results=(), outcomes={}), id="no success"),
        pytest.param(
            ["Register"],
            Needs(results=("Train", "CheckQuality"), outcomes={"CheckQuality": True}),
            id="branch",
        ),
        pytest.param(
            ["CheckQuality", "TooLow"],
            Needs(results=("Evaluate",), outcomes={}),
            id="condition that is selected",
        ),
    ],
)
def test_selected_steps_need_what_they_refer_to(chosen: list[str], needed: Needs) -> None:
    """Results of steps that are not selected, and the branch that a step is in."""
    assert needs(DEFINITION, chosen) == needed


def test_without_needs_there_is_no_reference(account: tuple[Any, Sagemaker]) -> None:
    """No call is made."""
    clients, _ = account
    assert find_reference("training", Needs(results=(), outcomes={}), SITE, clients) is None


def test_the_newest_execution_that_has_all_is_taken(account: tuple[Any, Sagemaker]) -> None:
    """One that goes on or was stopped is not looked at; one that failed may have what is needed."""
    clients, sagemaker = account
    found = [("e", "Executing"), ("s", "Stopped"), ("a", "Failed"), ("b", "Failed"),
             ("c", "Failed"), ("d", "Succeeded")]  # fmt: skip
    sagemaker.executions(*found, num=20)
    preprocess = record("Preprocess")
    outcome = {"Metadata": {"Condition": {"Outcome": "True"}}}
    other = {"Metadata": {"Condition": {"Outcome": "False"}}}
    sagemaker.steps("a", record("Preprocess", "Failed"))
    sagemaker.steps("b", preprocess, record("CheckQuality", **other))
    sagemaker.steps(
        "c", preprocess, record("CheckQuality", **outcome), record("Register", "Failed")
    )
    assert find_reference("training", NEEDED, SITE, clients) == arn("c")


@pytest.mark.parametrize(
    ("records", "lacks"),
    [
        pytest.param([], "CheckQuality, Preprocess", id="steps"),
        pytest.param(
            [
                record("Preprocess"),
                record("CheckQuality", Metadata={"Condition": {"Outcome": "False"}}),
            ],
            "the outcome True of CheckQuality",
            id="branch",
        ),
    ],
)
def test_what_is_missing_is_said(
    account: tuple[Any, Sagemaker], records: list[dict[str, Any]], lacks: str
) -> None:
    """The newest that has ended is the one that a person thinks of."""
    clients, sagemaker = account
    sagemaker.executions(("a", "Executing"), ("b", "Failed"), ("c", "Failed"), num=20)
    sagemaker.steps("b", *records)
    sagemaker.steps("c")
    with pytest.raises(AccountError) as raised:
        find_reference("training", NEEDED, SITE, clients)
    assert str(raised.value) == (
        "No execution of pipeline 'training' has all that the selected steps need: the newest that "
        f"has ended, 'b', lacks {lacks}; select these steps as well, or start all of it."
    )


def test_a_pipeline_that_never_ran_has_no_reference(account: tuple[Any, Sagemaker]) -> None:
    """All of it must be started first."""
    clients, sagemaker = account
    sagemaker.executions(num=20)
    with pytest.raises(AccountError) as raised:
        find_reference("training", NEEDED, SITE, clients)
    assert str(raised.value) == (
        "Pipeline 'training' has no execution that has ended, to take the results of CheckQuality, "
        "Preprocess from; start all of it first."
    )
