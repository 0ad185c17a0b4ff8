"""Executions as a notebook shows them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.account import executions as account_executions
from pipelines.account.errors import AccountError
from pipelines.account.executions import AccountExecution, Listed
from pipelines.execution import Status, StepExecution
from pipelines.local.execution import LocalExecution
from pipelines.local.registry import Registry
from pipelines.notebook.executions import (
    Page,
    ShownAccountExecution,
    ShownExecutions,
    ShownLocalExecution,
)
from pipelines.notebook.messages import NotRegisteredError, NotThereError
from pipelines.reconcile import Change, Verb
from pipelines.shown import PRE
from tests.aws import SITE
from tests.unit.pipelines.account.executing import Sagemaker, arn, record, stubbed_account

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
TEXT = """\
training   execution a   definition 0123456
STEP           TYPE           STATUS     SECONDS  ATTEMPTS  SUMMARY
RegisterModel  RegisterModel  Succeeded  1.0      1         dogs/1
Succeeded in 2.0 s."""


def members(package_arn: str) -> dict[str, Any]:
    """An execution that registered a model package."""
    step = StepExecution(
        name="RegisterModel",
        type="RegisterModel",
        status=Status.SUCCEEDED,
        started=START,
        ended=START + timedelta(seconds=1),
        attempts=1,
        metadata={"RegisterModel": {"Arn": package_arn}},
        summary="dogs/1",
    )
    return {
        "id": "a",
        "pipeline": "training",
        "status": Status.SUCCEEDED,
        "started": START,
        "ended": START + timedelta(seconds=2),
        "parameters": {},
        "definition_digest": "0123456",
        "steps": (step,),
    }


@pytest.fixture
def local(tmp_path: Path) -> ShownLocalExecution:
    """An execution of this machine."""
    package = Registry(tmp_path).register({"ModelPackageGroupName": "dogs"}, now=START)
    execution = LocalExecution(**members(package["ModelPackageArn"]), path=tmp_path / "a")
    return ShownLocalExecution(execution=execution, root=tmp_path)


@pytest.fixture
def told() -> Iterator[tuple[Any, Sagemaker]]:
    """Clients, and what tells SageMaker's what to answer."""
    with stubbed_account() as found:
        yield found


def in_account(clients: Any, package_arn: str = "") -> ShownAccountExecution:
    """An execution of an account."""
    execution = AccountExecution(**members(package_arn), arn=arn("a"))
    return ShownAccountExecution(execution=execution, site=SITE, clients=clients)


def test_an_execution_is_its_steps_and_figures(local: ShownLocalExecution) -> None:
    """As text and as HTML: its steps, how it ended, and what a person wants to know."""
    assert str(local) == f"{TEXT} {local.execution.path}\nModel package     dogs/1"
    page = local._repr_html_()
    assert page.startswith(f"{PRE}training   execution a   definition 0123456</pre><table>")
    assert f"{PRE}Succeeded in 2.0 s. {local.execution.path}</pre><table>" in page
    assert local.status is Status.SUCCEEDED
    assert local.step("RegisterModel").summary == "dogs/1"


def test_without_figures_there_is_no_table_of_them(tmp_path: Path) -> None:
    """An execution that failed early has none."""
    execution = LocalExecution(**{**members(""), "steps": ()}, path=tmp_path / "a")
    page = ShownLocalExecution(execution=execution, root=tmp_path)._repr_html_()
    assert page.endswith("</pre>")
    assert "FIGURE" not in page


def test_an_execution_of_an_account_is_its_steps(told: tuple[Any, Sagemaker]) -> None:
    """It is shown as one of this machine is."""
    clients, _ = told
    assert str(in_account(clients)) == TEXT
    assert f"{PRE}Succeeded in 2.0 s.</pre>" in in_account(clients)._repr_html_()


def test_a_local_model_package_is_decided_on(local: ShownLocalExecution, tmp_path: Path) -> None:
    """The registry has the decision and the note."""
    approved = local.approve("Good.")
    assert str(approved) == "dogs/1 Approved"
    assert approved._repr_html_() == f"{PRE}dogs/1 Approved</pre>"
    [package] = Registry(tmp_path).packages("dogs")
    assert package["ApprovalDescription"] == "Good."
    assert str(local.reject()) == "dogs/1 Rejected"


def test_where_nothing_is_registered_nothing_is_decided(local: ShownLocalExecution) -> None:
    """A step that did not run registered nothing."""
    steps = tuple(replace(step, status=Status.SKIPPED) for step in local.execution.steps)
    shown = replace(local, execution=replace(local.execution, steps=steps))
    with pytest.raises(NotRegisteredError) as caught:
        shown.approve()
    assert str(caught.value) == (
        "Execution 'a' of pipeline 'training' registered no model package; there is nothing to "
        "decide on."
    )


def test_an_execution_under_way_may_register_something_yet(told: tuple[Any, Sagemaker]) -> None:
    """A value that was read before says nothing of what happened since."""
    shown = in_account(told[0])
    execution = replace(shown.execution, status=Status.EXECUTING, steps=())
    with pytest.raises(NotRegisteredError) as caught:
        replace(shown, execution=execution).approve()
    assert str(caught.value) == (
        "Execution 'a' of pipeline 'training' had registered no model package when it was read, "
        "and was Executing; decide on what 'wait()' or 'refresh()' returns."
    )


def test_a_step_whose_result_was_taken_registered_nothing(local: ShownLocalExecution) -> None:
    """It succeeded, and has nothing to say of it."""
    steps = tuple(replace(step, metadata={}) for step in local.execution.steps)
    shown = replace(local, execution=replace(local.execution, steps=steps))
    with pytest.raises(NotRegisteredError):
        shown.approve()


def test_a_model_package_of_an_account_is_decided_on(
    told: tuple[Any, Sagemaker], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service is told, and schedules that repeat trainings follow."""
    clients, sagemaker = told
    package_arn = "arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/1"
    package = {
        "ModelPackageArn": package_arn,
        "ModelPackageGroupName": "dogs",
        "ModelPackageVersion": 1,
        "ModelPackageName": "dogs/1",
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CreationTime": START,
    }
    sagemaker.stub.add_response(
        "describe_model_package", package, {"ModelPackageName": package_arn}
    )
    sagemaker.stub.add_response(
        "update_model_package",
        {"ModelPackageArn": package_arn},
        {
            "ModelPackageArn": package_arn,
            "ModelApprovalStatus": "Approved",
            "ApprovalDescription": "Good.",
        },
    )
    change = Change(Verb.UPDATED, "schedule", "dogs.retraining")
    monkeypatch.setattr("pipelines.notebook.executions.train_as_approved", lambda *_: [change])
    assert str(in_account(clients, package_arn).approve("Good.")) == "dogs/1 Approved"
    assert capsys.readouterr().out == f"{change}\n"


def test_an_execution_is_read_again(told: tuple[Any, Sagemaker]) -> None:
    """The value stays as it was; what is returned is as the execution is now."""
    clients, sagemaker = told
    before = in_account(clients)
    sagemaker.describe("a", "Stopped")
    sagemaker.definition("a")
    sagemaker.parameters("a")
    sagemaker.steps("a")
    assert before.refresh().status is Status.STOPPED
    assert before.status is Status.SUCCEEDED


def test_an_execution_is_watched_to_its_end(
    told: tuple[Any, Sagemaker], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each step that ends is a line where the notebook's own output goes."""
    clients, sagemaker = told
    monkeypatch.setattr(account_executions, "POLL_SECONDS", 0)
    sagemaker.describe("a", "Executing")
    sagemaker.definition("a")
    sagemaker.parameters("a")
    sagemaker.steps("a", record("Preprocess"))
    sagemaker.describe("a", "Stopped")
    sagemaker.steps("a", record("Preprocess"))
    assert in_account(clients).wait().status is Status.STOPPED
    captured = capsys.readouterr()
    assert [line.split()[1] for line in captured.out.splitlines()[1:-1]] == ["Preprocess"]
    assert captured.err == ""


@pytest.mark.parametrize(
    ("method", "before", "after"),
    [("stop", Status.EXECUTING, Status.STOPPING), ("retry", Status.FAILED, Status.EXECUTING)],
)
def test_an_execution_is_stopped_and_goes_on(
    told: tuple[Any, Sagemaker], method: str, before: Status, after: Status
) -> None:
    """What is returned is as the execution is then."""
    clients, sagemaker = told
    sagemaker.describe("a", before)
    request = {"PipelineExecutionArn": arn("a")}
    sagemaker.stub.add_response(f"{method}_pipeline_execution", request, request)
    sagemaker.describe("a", after)
    sagemaker.definition("a")
    sagemaker.parameters("a")
    sagemaker.steps("a")
    assert getattr(in_account(clients), method)().status is after


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("stop", "Execution 'a' has ended as Succeeded."),
        (
            "retry",
            "Execution 'a' is Succeeded; only one that failed or was stopped can be tried again.",
        ),
    ],
)
def test_an_execution_that_succeeded_is_left_alone(
    told: tuple[Any, Sagemaker], method: str, message: str
) -> None:
    """It is said in one message."""
    clients, sagemaker = told
    sagemaker.describe("a", "Succeeded")
    with pytest.raises(AccountError) as caught:
        getattr(in_account(clients), method)()
    assert caught.value._render_traceback_() == [f"AccountError: {message}"]


def test_a_list_is_a_table() -> None:
    """One line for each execution, newest first, with its reason on that line."""
    listed = Listed(
        arn=arn("a"),
        pipeline="training",
        status=Status.FAILED,
        started=START,
        display_name="mine",
        failure_reason="It\nfailed.",
    )
    shown = ShownExecutions(executions=(listed,))
    assert str(shown) == (
        "EXECUTION  STATUS  STARTED (UTC)        NAME  REASON\n"
        "a          Failed  2026-11-21 09:00:00  mine  It failed."
    )
    assert shown._repr_html_().count("<tr>") == 2
    assert len(shown) == 1
    assert list(shown) == [listed]
    assert shown[0] == listed


def test_pages_are_found_by_title(local: ShownLocalExecution, tmp_path: Path) -> None:
    """Those of steps that succeeded, in the local object store."""
    output = {"OutputName": "evaluation", "S3Output": {"S3Uri": "s3://bucket/evaluation"}}
    evaluate = replace(
        local.step("RegisterModel"),
        name="Evaluate",
        properties={"ProcessingOutputConfig": {"Outputs": [output]}},
    )
    skipped = replace(evaluate, name="CheckDrift", status=Status.SKIPPED)
    shown = replace(local, execution=replace(local.execution, steps=(evaluate, skipped)))
    path = tmp_path / "s3" / "bucket" / "evaluation" / "report.html"
    assert shown.pages == {"Report": Page(path=path)}


def failed(local: ShownLocalExecution) -> ShownLocalExecution:
    """The execution, had it failed before it was evaluated."""
    register = local.step("RegisterModel")
    train = replace(register, name="Train", status=Status.FAILED, metadata={})
    evaluate = replace(register, name="Evaluate", status=Status.SKIPPED)
    execution = replace(
        local.execution,
        steps=(train, evaluate),
        status=Status.FAILED,
        failure_reason="Step 'Train' failed: exit code: 1",
    )
    return replace(local, execution=execution)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param(
            "Report",
            "There is no page 'Report': step 'Evaluate', which writes it, is Skipped. Pages: none. "
            "The execution is Failed: Step 'Train' failed: exit code: 1",
            id="not written",
        ),
        pytest.param(
            "Raport",
            "There is no page 'Raport'. Pages: none. The execution is Failed: Step 'Train' failed: "
            "exit code: 1",
            id="unknown",
        ),
    ],
)
def test_a_page_that_is_not_there_says_why(
    local: ShownLocalExecution, name: str, message: str
) -> None:
    """In a notebook that is all that is shown."""
    pages = failed(local).pages
    with pytest.raises(NotThereError) as caught:
        _ = pages[name]
    assert caught.value._render_traceback_() == [f"NotThereError: {message}"]
    assert pages.get(name) is None
    assert name not in pages


def test_what_a_fail_step_said_is_why_a_page_is_not_there(local: ShownLocalExecution) -> None:
    """It says more than the step that it follows."""
    shown = failed(local)
    fail = replace(
        shown.step("Train"), name="Low", metadata={"Fail": {"ErrorMessage": "Quality is low."}}
    )
    steps = (*shown.execution.steps, fail)
    shown = replace(shown, execution=replace(shown.execution, steps=steps))
    with pytest.raises(NotThereError, match=r"The execution is Failed: Quality is low\.$"):
        _ = shown.pages["Report"]


def test_a_figure_or_a_step_that_is_not_there(local: ShownLocalExecution) -> None:
    """The message says which there are; nothing failed that would be the reason."""
    with pytest.raises(NotThereError) as caught:
        _ = local.figures["Model packages"]
    assert str(caught.value) == (
        "There is no figure 'Model packages'. Figures: Model package. Did you mean 'Model package'?"
    )
    with pytest.raises(NotThereError) as caught:
        local.step("Register")
    assert caught.value._render_traceback_() == [
        "NotThereError: There is no step 'Register'. Steps: RegisterModel. Did you mean "
        "'RegisterModel'?"
    ]


def test_a_page_has_a_frame_of_its_own(tmp_path: Path) -> None:
    """A notebook shows it without running anything that is in it."""
    path = tmp_path / "report.html"
    path.write_text('<p class="a">Ä</p>', encoding="utf-8")
    page = Page(path=path)
    assert str(page) == str(path)
    assert page._repr_html_() == (
        '<iframe sandbox srcdoc="&lt;p class=&quot;a&quot;&gt;Ä&lt;/p&gt;" width="100%" '
        'height="600"></iframe>'
    )
