"""The notebooks, executed in a kernel from the first cell to the last."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

from pipelines.definition import load, steps
from pipelines.local.hosting import Hosting
from steps.bundle import ROOT
from tests.aws import SITE, Account

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]

PARAMETERS = "parameters"
"""Tag of the cell whose values a test replaces."""
TIMEOUT_SECONDS = 120
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)

QUICK = {
    "AccuracyThreshold": 0,
    "CalibrationErrorThreshold": 1,
    "Epochs": 1,
    "MacroF1Threshold": 0,
    "MaxParallelTuningJobs": 1,
    "MaxTuningJobs": 1,
    "TuningEpochs": 1,
}
"""Pipeline parameters under which a training takes seconds and its gate is open."""

Execute = Callable[[str, str], NotebookNode]


def read(name: str) -> NotebookNode:
    """A notebook of the project."""
    return nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Execute:
    """Executes a notebook in an empty folder, with other values in its cell of parameters."""
    for variable in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))

    def run(name: str, values: str) -> NotebookNode:
        notebook = read(name)
        [cell] = [cell for cell in notebook.cells if PARAMETERS in cell.metadata.get("tags", [])]
        cell.source = values
        # The kernel listens in a folder, and opens no port.
        kernel = {"transport": "ipc", "connection_file": str(tmp_path / "kernel.json")}
        client = NotebookClient(
            notebook,
            config=Config(KernelManager=kernel),
            timeout=TIMEOUT_SECONDS,
            resources={"metadata": {"path": str(tmp_path)}},
        )
        return client.execute()

    return run


def shown(notebook: NotebookNode, line: str, form: str = "text/plain") -> list[str]:
    """What the cells that end with a line have shown, in one of the forms of a notebook."""
    return [
        output.data[form]
        for cell in notebook.cells
        if cell.source.splitlines()[-1] == line
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]


@pytest.mark.parametrize("name", ["local", "upsert"])
def test_no_output_is_kept(name: str) -> None:
    """A notebook is valid, and holds nothing of a machine that it ran on."""
    notebook = read(name)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in cells] == [[]] * len(cells)
    assert {cell.execution_count for cell in cells} == {None}


def test_from_images_to_an_endpoint(tmp_path: Path, execute: Execute) -> None:
    """`local` trains, approves, deploys and asks, and ends what it has started."""
    root = tmp_path / "root"
    values = f"from pathlib import Path\nroot = Path({str(root)!r})\nbudget = {QUICK!r}"
    try:
        notebook = execute("local", values)
    finally:
        hosting = Hosting(root)
        left = [endpoint.name for endpoint in hosting.endpoints() if endpoint.is_alive]
        for name in left:
            hosting.stop(name)
    assert left == []
    assert shown(notebook, "pipeline.check()") == ["training: 82 rules, 0 findings"]
    [picture] = shown(notebook, "pipeline.graph()", "image/svg+xml")
    assert picture.startswith("<svg ")
    [trained] = shown(notebook, "trained")
    assert "\nModel package     image-classification/1 PendingManualApproval\n" in trained
    [page] = shown(notebook, 'trained.pages["Report"]', "text/html")
    assert page.startswith('<iframe sandbox srcdoc="&lt;!doctype html&gt;')
    [approved] = shown(notebook, 'trained.approve("The report looks good.")')
    assert approved == "image-classification/1 Approved"
    [deployed] = shown(notebook, "deployed")
    assert "\nSmoke test        10 samples answered as expected" in deployed
    [answer] = shown(notebook, 'image.name, answer["predicted_label"], answer["probability"]')
    assert answer.startswith("('0007.png', '")


def answer_steps(response: SageMakerResponse) -> ActionResult:
    """ListPipelineExecutionSteps, which moto lacks: all went well, and a model is registered."""
    backend = response.sagemaker_backend
    metadata: dict[str, dict[str, Any]] = {
        "CheckQuality": {"Condition": {"Outcome": "True"}},
        "RegisterModel": {"RegisterModel": {"Arn": next(iter(backend.model_packages))}},
    }
    definition = backend.pipelines[SITE.pipeline_name("training")].pipeline_definition
    records = [
        {
            "StepName": step.name,
            "StepStatus": "Succeeded",
            "StartTime": NOW,
            "EndTime": NOW,
            "AttemptCount": 1,
            "Metadata": metadata.get(step.name, {}),
        }
        for step in steps(load(definition))
        if step.type != "Fail"
    ]
    return ActionResult({"PipelineExecutionSteps": records})


def test_from_images_to_an_account(
    images_dir: Path, account: Account, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`upsert` puts images, code and pipeline into the account, starts it and approves a model."""
    sagemaker, group = account.clients.sagemaker, SITE.model_package_group
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    package = {"ModelPackageGroupName": group, "ModelApprovalStatus": "PendingManualApproval"}
    arn = sagemaker.create_model_package(**package)["ModelPackageArn"]
    monkeypatch.setattr(
        SageMakerResponse, "list_pipeline_execution_steps", answer_steps, raising=False
    )
    monkeypatch.setenv("SITE_PROJECT", SITE.project)

    values = f"from pathlib import Path\nimages = Path({str(images_dir)!r})"
    notebook = execute("upsert", values)

    assert shown(notebook, 'f"{len(paths)} images"') == ["'60 images'"]
    before, after = shown(notebook, "pipeline.plan()")
    assert before.startswith("dogs-training\n+ pipeline dogs-training\n")
    assert after == "dogs-training: no changes.\n"
    *_, ended = shown(notebook, "execution")
    assert "\nRegisterModel      RegisterModel  Succeeded" in ended
    [listed] = shown(notebook, "pipeline.executions()")
    assert " from-a-notebook" in listed
    assert shown(notebook, 'execution.approve("The report looks good.")') == ["dogs/1 Approved"]
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "Approved"
    [started] = sagemaker.list_pipeline_executions(PipelineName=SITE.pipeline_name("training"))[
        "PipelineExecutionSummaries"
    ]
    given = sagemaker.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=started["PipelineExecutionArn"]
    )["PipelineParameters"]
    assert given == [
        {"Name": "Epochs", "Value": "20"},
        {"Name": "MaxTuningJobs", "Value": "4"},
    ]
