"""Stands in for the SageMaker client where executions are started and looked at."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any, TypeAlias

from pipelines.execution import StepExecution
from pipelines.local.errors import LocalExecutionError
from pipelines.local.execution import LocalExecution
from pipelines.local.history import executions
from pipelines.local.hosting import Hosting
from pipelines.local.registry import Registry
from pipelines.local.stand_ins.errors import client_error, refusal
from pipelines.local.stand_ins.sagemaker import SageMakerStandIn

Start: TypeAlias = Callable[[str, Mapping[str, str]], LocalExecution]
"""Runs a pipeline with parameters to its end; raises LocalExecutionError where it cannot start."""

_TOKEN_CHARACTERS = range(32, 129)
"""Length of a ClientRequestToken, which the service checks."""


class PipelinesStandIn(SageMakerStandIn):
    """The operations on pipelines, over the executions of one root, beside those on models."""

    def __init__(self, root: Path, start: Start) -> None:
        """Answer from the records under `root`, and start executions with `start`."""
        super().__init__(root, Registry(root), Hosting(root), Event())
        self._start = start
        self._started: dict[str, str] = {}

    def list_pipeline_execution_steps(
        self,
        *,
        PipelineExecutionArn: str,  # noqa: N803
        SortOrder: str = "Descending",  # noqa: N803
        MaxResults: int = 100,  # noqa: N803
    ) -> dict[str, Any]:
        """Steps of an execution that were started, by that time; of several pages, the first."""
        named = [
            recorded.execution
            for recorded in executions(self._root)
            if recorded.execution.arn == PipelineExecutionArn
        ]
        if not named:
            raise client_error(
                "ListPipelineExecutionSteps",
                "ResourceNotFound",
                f"Pipeline execution {PipelineExecutionArn} does not exist.",
            )
        found = [_step(step) for step in named[0].steps if step.started is not None]
        found.sort(key=lambda step: step["StartTime"], reverse=SortOrder == "Descending")
        return {"PipelineExecutionSteps": found[:MaxResults]}

    def start_pipeline_execution(
        self,
        *,
        PipelineName: str,  # noqa: N803
        ClientRequestToken: str,  # noqa: N803
        PipelineParameters: Sequence[Mapping[str, str]] = (),  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """Run a pipeline, once for each token; unlike the service, to its end."""
        operation = "StartPipelineExecution"
        if len(ClientRequestToken) not in _TOKEN_CHARACTERS:
            raise refusal(
                operation,
                f"ClientRequestToken has {len(ClientRequestToken)} characters; expected 32 to 128.",
            )
        if ClientRequestToken not in self._started:
            values = {item["Name"]: item["Value"] for item in PipelineParameters}
            try:
                execution = self._start(PipelineName, values)
            except LocalExecutionError as error:
                raise refusal(operation, str(error)) from error
            self._started[ClientRequestToken] = execution.arn
        return {"PipelineExecutionArn": self._started[ClientRequestToken]}


def _step(step: StepExecution) -> dict[str, Any]:
    optional = {"EndTime": step.ended, "FailureReason": step.failure_reason}
    return {
        "StepName": step.name,
        "StartTime": step.started,
        "StepStatus": str(step.status),
        "AttemptCount": step.attempts,
        "Metadata": step.metadata,
        **{name: value for name, value in optional.items() if value is not None},
    }
