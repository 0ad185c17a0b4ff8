"""Starts a retraining when a window of records has drifted, unless there is one already.

Event: `DriftExecutionArn`, the monitoring execution; `StepName`, its Fail step that says what has
drifted; `Time`, when that failed, ISO 8601; `PipelineName`, the pipeline to start;
`ModelPackageGroupName`, the group whose newest approved package is trained anew; `CooldownHours`.
Answer: `PipelineExecutionArn`, empty where nothing was started, and `Message`, which says why.

Nothing is started where the step counts no violations: it follows every failure of the verdict, and
a call that was throttled or not allowed is no drift. How the service words the failure of a Lambda
step is not documented; that it keeps the rendered message of a Fail step is.

Nothing is started while an execution of the pipeline runs, nor within the cool-down after the start
of the last one, however that ended: the windows of one bad day are many. The same event starts the
same execution, however often it comes; an execution that was retried and fails again is another
event. Two windows that drift at the same time are told apart by no list: give the function one
concurrent execution.

Source: Amazon SageMaker AI API Reference, FailStepMetadata,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_FailStepMetadata.html
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from infrastructure.functions.executions import RUNNING, newest_executions
from infrastructure.functions.model_packages import approved_training
from steps.drift_message import num_violations

_MAX_RESULTS = 100


def respond(event: Mapping[str, Any], *, sagemaker: Any) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        sagemaker: A SageMaker client.

    Raises:
        LookupError: The execution lists no such failure.
    """
    pipeline = event["PipelineName"]
    obstacle = _doubt(event["DriftExecutionArn"], event["StepName"], sagemaker) or _obstacle(
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
        ClientRequestToken=_token(event),
    )["PipelineExecutionArn"]
    how = (
        "as the approved model was trained"
        if parameters
        else "with the pipeline's defaults, because no model is approved"
    )
    return {"PipelineExecutionArn": arn, "Message": f"Started {arn} {how}."}


def _token(event: Mapping[str, Any]) -> str:
    """The same for an event that is delivered again, and for no other."""
    return sha256(f"{event['DriftExecutionArn']} {event['Time']}".encode()).hexdigest()


def _doubt(execution_arn: str, step_name: str, sagemaker: Any) -> str:
    """Why the failure of the step is no drift, as a sentence; empty if it is."""
    steps = sagemaker.list_pipeline_execution_steps(
        PipelineExecutionArn=execution_arn, SortOrder="Descending", MaxResults=_MAX_RESULTS
    )["PipelineExecutionSteps"]
    failed = [
        step for step in steps if step["StepName"] == step_name and step["StepStatus"] == "Failed"
    ]
    if not failed:
        # Raised, so that Lambda calls again: the list may be behind the event.
        raise LookupError(f"{execution_arn} lists no failure of step '{step_name}'.")
    message = failed[0].get("Metadata", {}).get("Fail", {}).get("ErrorMessage", "")
    num_found = num_violations(message)
    if num_found is None:
        reason = message or failed[0].get("FailureReason", "")
        return (
            f"Started none: step '{step_name}' of {execution_arn} does not say how many violations "
            f"there are, but: {reason}"
        )
    if num_found == 0:
        return (
            f"Started none: {execution_arn} found no violations; a step before '{step_name}' "
            "failed for another reason."
        )
    return ""


def _obstacle(pipeline: str, since: datetime, period: str, sagemaker: Any) -> str:
    """Why none is to be started, as a sentence; empty if one is."""
    for execution in newest_executions(pipeline, sagemaker):
        arn, started = execution["PipelineExecutionArn"], execution["StartTime"]
        if execution["PipelineExecutionStatus"] in RUNNING:
            return f"Started none: {arn} is running."
        if started > since:
            return f"Started none: {arn} was started {period}, at {started:%Y-%m-%dT%H:%M:%SZ}."
    return ""


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own client and needs none of it.

    return respond(event, sagemaker=boto3.client("sagemaker"))
