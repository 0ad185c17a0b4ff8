"""Executions in an account: started, watched and ended by commands in processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from moto.core.responses import ActionResult
from moto.sagemaker.models import FakePipelineExecution, get_pipeline_execution_from_arn
from moto.sagemaker.responses import SageMakerResponse

from pipelines.cli import main
from pipelines.compile import Compiled
from pipelines.definition import load, steps
from steps.bundle import ROOT
from steps.site import Site
from tests.aws import Account, environment, make_foundations
from tests.waiting import SECONDS

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]

SITE = Site()
PROGRAM = """
import sys
from pipelines.account import executions
from pipelines.cli import main

executions.POLL_SECONDS = 0.05
code = main(sys.argv[1:])
assert not {"sagemaker", "torch"} & sys.modules.keys()
sys.exit(code)
"""
REASON = (
    "ResourceLimitExceeded: The account-level service limit 'ml.m5.xlarge for processing job "
    "usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 1 "
    "Instances."
)


class Service:
    """What moto lacks of executions: whenever its steps are listed, one gets a step further."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failing_step = ""
        self.endless_step = ""
        self._num_done: dict[str, int] = {}
        start = SageMakerResponse.start_pipeline_execution

        # Moto finds the operations of a class by its functions: no method of this class is one.
        def start_executing(response: SageMakerResponse) -> ActionResult:
            answer = start(response)
            self._set_status(response, answer.result["PipelineExecutionArn"], "Executing")
            return answer

        def list_steps(response: SageMakerResponse) -> ActionResult:
            return self._list_steps(response)

        operations: dict[str, Callable[[SageMakerResponse], ActionResult]] = {
            "start_pipeline_execution": start_executing,
            "list_pipeline_execution_steps": list_steps,
            "stop_pipeline_execution": lambda response: self._end(response, "Stopped"),
            "retry_pipeline_execution": lambda response: self._end(response, "Executing"),
        }
        for name, operation in operations.items():
            monkeypatch.setattr(SageMakerResponse, name, operation, raising=False)

    def _end(self, response: SageMakerResponse, status: str) -> ActionResult:
        arn = response._get_param("PipelineExecutionArn")
        self._set_status(response, arn, status)
        return ActionResult({"PipelineExecutionArn": arn})

    def _set_status(self, response: SageMakerResponse, arn: str, status: str) -> None:
        self._execution(response, arn).pipeline_execution_status = status

    @staticmethod
    def _execution(response: SageMakerResponse, arn: str) -> FakePipelineExecution:
        return get_pipeline_execution_from_arn(response.sagemaker_backend.pipelines, arn)

    def _list_steps(self, response: SageMakerResponse) -> ActionResult:
        arn = response._get_param("PipelineExecutionArn")
        execution = self._execution(response, arn)
        definition = load(execution.pipeline_definition_for_execution)
        names = [step.name for step in steps(definition) if step.type != "Fail"]
        num_done = self._num_done.get(arn, 0)
        if execution.pipeline_execution_status == "Executing":
            if names[num_done] == self.failing_step:
                execution.pipeline_execution_status = "Failed"
            elif names[num_done] != self.endless_step:
                num_done += 1
            if num_done == len(names):
                execution.pipeline_execution_status = "Succeeded"
        self._num_done[arn] = num_done
        records = [_record(name, "Succeeded", execution) for name in names[:num_done]]
        status = execution.pipeline_execution_status
        records += [_record(name, status, execution) for name in names[num_done : num_done + 1]]
        return ActionResult({"PipelineExecutionSteps": records})


def _record(name: str, status: str, execution: FakePipelineExecution) -> dict[str, Any]:
    record = {
        "StepName": name,
        "StepStatus": status,
        "StartTime": execution.start_time,
        "AttemptCount": 1,
        "Metadata": {"Condition": {"Outcome": "True"}} if name == "CheckQuality" else {},
    }
    if status == "Failed":
        record["FailureReason"] = REASON
    if status != "Executing":
        record["EndTime"] = execution.start_time + timedelta(seconds=90)
    return record


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """Moto, with executions that take their time."""
    return Service(monkeypatch)


@pytest.fixture
def published(
    account: Account, monkeypatch: pytest.MonkeyPatch, compiled: Mapping[str, Compiled]
) -> Account:
    """An account with the pipeline `training`."""
    make_foundations(SITE, account.clients)
    monkeypatch.setattr("pipelines.compile.compile_pipeline", lambda name, _: compiled[name])
    assert main(["upsert", "training"]) == 0
    return account


@contextmanager
def running(account: Account, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command, which ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment(account.url)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def call(account: Account, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    with running(account, *arguments) as process:
        out, err = process.communicate(timeout=SECONDS)
        return process.returncode, out, err


def test_a_failure_is_watched_explained_and_tried_again(
    published: Account, service: Service
) -> None:
    """`start --wait` ends with the failure and what to do; `retry --wait` goes on from there."""
    service.failing_step = "Evaluate"
    code, out, err = call(published, "start", "training", "-p", "Epochs=5", "--wait")
    assert code == 1
    [arn] = out.split()
    assert err.splitlines()[0].startswith("The call can be repeated with --token ")
    assert err.splitlines()[2:] == [
        " 1/7  FindApprovedModel  Lambda         Succeeded    90.0 s",
        " 2/7  Preprocess         Processing     Succeeded    90.0 s",
        " 3/7  Tune               Tuning         Succeeded    90.0 s",
        " 4/7  Train              Training       Succeeded    90.0 s",
        " 5/7  Evaluate           Processing     Failed       90.0 s",
        f"Step 'Evaluate' failed: {REASON}",
        "Cause: The account's quota 'ml.m5.xlarge for processing job usage' is 0, 0 in use; 1 more "
        "were asked for.",
        "Next: Ask for more in Service Quotas, or choose another instance type; 'pipelines doctor' "
        "compares the quotas with what the pipelines declare.",
        "Failed in 0.0 s.",
    ]
    given = published.clients.sagemaker.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=arn
    )
    assert given["PipelineParameters"] == [{"Name": "Epochs", "Value": "5"}]

    code, listed, _ = call(published, "status", "--account", "training")
    assert code == 0
    assert arn.rpartition("/")[2] in listed
    code, shown, _ = call(published, "status", "--account", "latest")
    assert code == 0
    assert f"Step 'Evaluate' failed: {REASON}" in shown.splitlines()
    assert "RegisterModel      RegisterModel  Skipped" in shown.splitlines()

    service.failing_step = ""
    code, out, err = call(published, "retry", "latest", "--wait")
    assert (code, out) == (0, f"{arn}\n")
    assert " 7/7  RegisterModel      RegisterModel  Succeeded    90.0 s" in err.splitlines()
    assert err.splitlines()[-1] == "Succeeded in 0.0 s."

    code, out, err = call(published, "stop", "latest")
    assert (code, out) == (1, "")
    assert err == f"pipelines: Execution '{arn.rpartition('/')[2]}' has ended as Succeeded.\n"


def test_whoever_stops_watching_stops_nothing(published: Account, service: Service) -> None:
    """Ctrl-C during `--wait` says that the execution goes on, and how it is stopped."""
    service.endless_step = "Train"
    with running(published, "start", "training", "--wait") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        arn = process.stdout.readline().strip()
        identity = arn.rpartition("/")[2]
        while (line := process.stderr.readline()) and "Tune" not in line:
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert err == (
        f"The execution goes on. See it with 'pipelines status --account {identity}', stop it "
        f"with 'pipelines stop {identity}'.\npipelines: Interrupted.\n"
    )
    describe = published.clients.sagemaker.describe_pipeline_execution
    assert describe(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Executing"

    code, out, err = call(published, "stop", identity)
    assert (code, out) == (0, f"{arn}\n")
    assert err == "It is being stopped, and so are its jobs.\n"
    assert describe(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Stopped"
