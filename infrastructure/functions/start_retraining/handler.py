"""Starts a retraining when a window of records has drifted, unless there is one already.

Event: `DriftExecutionArn`, the monitoring execution; `Time`, when it found the drift, ISO 8601;
`PipelineName`, the pipeline to start; `ModelPackageGroupName`, the group whose newest approved
package is trained anew; `CooldownHours`.
Answer: `PipelineExecutionArn`, empty where nothing was started, and `Message`, which says why.

Nothing is started while an execution of the pipeline runs, nor within the cool-down after the start
of the last one, however that ended: the windows of one bad day are many. The same event starts the
same execution, however often it comes. Two windows that drift at the same time are told apart by no
list: give the function one concurrent execution.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from infrastructure.functions.model_packages import approved_training

_RUNNING = frozenset({"Executing", "Stopping"})
_MAX_RESULTS = 100


def respond(event: Mapping[str, Any], *, sagemaker: Any) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        sagemaker: A SageMaker client.
    """
    pipeline = event["PipelineName"]
    obstacle = _obstacle(
        pipeline,
        datetime.fromisoformat(event["Time"]) - timedelta(hours=event["CooldownHours"]),
        f"within {event['CooldownHours']} hours",
        sagemaker,
    )
    if obstacle:
        return {"PipelineExecutionArn": "", "Message": obstacle}
    parameters = approved_training(event["ModelPackageGroupName"], sagemaker)
    arn = sagemaker.start_pipeline_execution(
        PipelineName=pipeline,
        PipelineExecutionDescription=f"Drift in {event['DriftExecutionArn']}",
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
        ClientRequestToken=sha256(event["DriftExecutionArn"].encode()).hexdigest(),
    )["PipelineExecutionArn"]
    how = (
        "as the approved model was trained"
        if parameters
        else "with the pipeline's defaults, because no model is approved"
    )
    return {"PipelineExecutionArn": arn, "Message": f"Started {arn} {how}."}


def _obstacle(pipeline: str, since: datetime, period: str, sagemaker: Any) -> str:
    """Why none is to be started, as a sentence; empty if one is."""
    newest = sagemaker.list_pipeline_executions(
        PipelineName=pipeline,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=_MAX_RESULTS,
    )["PipelineExecutionSummaries"]
    for execution in newest:
        arn, started = execution["PipelineExecutionArn"], execution["StartTime"]
        if execution["PipelineExecutionStatus"] in _RUNNING:
            return f"Started none: {arn} is running."
        if started > since:
            return f"Started none: {arn} was started {period}, at {started:%Y-%m-%dT%H:%M:%SZ}."
    return ""


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own client and needs none of it.

    return respond(event, sagemaker=boto3.client("sagemaker"))
