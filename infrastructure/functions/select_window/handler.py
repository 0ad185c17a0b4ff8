"""Selects the captured records and the labels that a monitoring execution looks at.

Event: `EndpointName`; `ActiveUri`, the record of what is in force for it; `CaptureUri`, below which
each deployment captures in a folder of its own; `WindowStart` (`unjudged`, or a time with its zone,
ISO 8601), `WindowEnd` (`now`, or such a time), `WindowHours`, `CaptureDelayMinutes` and
`LabelDelayHours`; the S3 prefixes `GroundTruthUri`, with a folder per hour, and `DriftHistoryUri`
and `QualityHistoryUri`, with a record of each earlier window; `ManifestsUri`, where the manifests
of `steps.window_manifests` are written; `PlaceholderUri`, an object that stands in a manifest which
would list none; `KmsKeyId`, if the manifests are to have a key of their own; `PipelineName` and
`PipelineExecutionArn`, of the execution that asks.
Answer: `NumRecords`, a number, 0 where there is nothing to look at; `Message`, which says why;
`DriftWindowStart` and `DriftWindowEnd`, `QualityWindowStart` and `QualityWindowEnd`; and of the
model in force `BaselineUri`, `ModelPackageArn` and `CaptureUri`, empty where there is none.

The window of the drift check ends `CaptureDelayMinutes` before WindowEnd, and that of the quality
check `LabelDelayHours` earlier still. Each begins where the latest window that its check has judged
ended, so that no record is judged twice and windows with too few records are joined; it is at most
WindowHours long. With a time as WindowStart both begin there, whatever was judged. Without any
label, the quality check gets the drift check's window: it cannot judge that, and so takes nothing
from a later one.

Executions that overlap take turns, for only one that has ended tells what it judged: while an
earlier one is under way, there is nothing to look at. A project monitors through one pipeline, so
that it is the executions of that which count, whatever their endpoints; one with a time as
WindowStart waits for none. An execution that is retried goes on with the windows that it was given,
at which others may have looked since: start another one instead.

Only records of the deployment in force are read, so that a window holds the answers of one model.
The files are those of a window's hours; the records of its first and last hour are cut by time when
they are read.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from infrastructure.functions.clock import utc_now
from infrastructure.functions.endpoints import describe_endpoint
from infrastructure.functions.objects import bucket_and_key
from infrastructure.functions.select_window.files import captured_files, count, label_files
from infrastructure.functions.select_window.history import History
from infrastructure.functions.select_window.turns import execution_before
from infrastructure.functions.select_window.window import time_text
from infrastructure.functions.select_window.windows import UNJUDGED, Windows
from monitoring.active import ActiveBaseline
from steps.baseline_files import DATA_QUALITY_DIR, STATISTICS_FILE
from steps.window_manifests import Manifest

MAX_WINDOWS = 100
"""Earlier windows in a manifest, the latest ones."""

MAX_ACTIVATION = timedelta(minutes=30)
"""How long an endpoint may serve what is not in force yet: its update is followed by SmokeTest and
ActivateBaseline, functions that run for 10 minutes at most."""


def respond(
    event: Mapping[str, Any], clock: Callable[[], datetime] = utc_now, *, s3: Any, sagemaker: Any
) -> dict[str, str | int]:
    """Answer the event.

    Args:
        event: The event, as described above.
        clock: Tells the time.
        s3: An S3 client.
        sagemaker: A SageMaker client.

    Raises:
        ValueError: A time, a length or a delay is no such value.
        RuntimeError: The record of what is in force cannot be read, or is not of what the endpoint
            serves.
    """
    now = clock()
    longest = Windows.longest(event, now)
    active = _read_active(event["ActiveUri"], event["CaptureUri"], s3)
    if active is None:
        message = f"no baseline is in force for endpoint '{event['EndpointName']}'"
        return _answer(longest, None, 0, f"nothing to look at: {message}")
    _check_endpoint(event["EndpointName"], active, now, sagemaker)
    is_unjudged = event["WindowStart"] == UNJUDGED
    if is_unjudged:
        # Asked before the histories are read, which by then have all of an execution that ended.
        before = execution_before(event["PipelineExecutionArn"], event["PipelineName"], sagemaker)
        if before is not None:
            message = (
                f"execution '{before}' started earlier and has not ended; what it leaves is looked "
                "at next time"
            )
            return _answer(longest, active, 0, f"nothing to look at: {message}")
    capture_uri = active["capture_uri"]
    drift_history = History.of(event["DriftHistoryUri"], s3)
    quality_history = History.of(event["QualityHistoryUri"], s3)
    windows = longest
    if is_unjudged:
        ended = drift_history.execution_ids & quality_history.execution_ids
        windows = Windows(
            drift=drift_history.unjudged(longest.drift, capture_uri, ended, s3),
            quality=quality_history.unjudged(longest.quality, capture_uri, ended, s3),
        )
    labels = label_files(event["GroundTruthUri"], windows.quality, now, s3)
    if not labels:
        windows = Windows(drift=windows.drift, quality=windows.drift)
    drift_files = captured_files(capture_uri, windows.drift, s3)
    quality_files = captured_files(capture_uri, windows.quality, s3)
    number, is_exact = count(capture_uri, {**drift_files, **quality_files}, windows.some, s3)
    for manifest, uri, names in (
        (Manifest.DRIFT_CAPTURED, capture_uri, drift_files),
        (Manifest.DRIFT_HISTORY, drift_history.uri, drift_history.latest(MAX_WINDOWS)),
        (Manifest.QUALITY_CAPTURED, capture_uri, quality_files),
        (Manifest.QUALITY_HISTORY, quality_history.uri, quality_history.latest(MAX_WINDOWS)),
        (Manifest.QUALITY_LABELS, event["GroundTruthUri"], labels),
    ):
        _write_manifest(manifest, uri, names, event, s3)
    message = _message(event["EndpointName"], active, windows, number, is_exact=is_exact)
    return _answer(windows, active, number, message)


def _read_active(uri: str, capture_uri: str, s3: Any) -> ActiveBaseline | None:
    try:
        found = s3.get_object(**bucket_and_key(uri))
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None
    try:
        record: ActiveBaseline = json.loads(found["Body"].read())
    except ValueError as error:
        raise RuntimeError(
            f"{uri} is no record of an active baseline: {error}. Deploy the model again."
        ) from error
    # The record is a file: it cannot make this function read elsewhere.
    if not record.get("capture_uri", "").startswith(f"{capture_uri}/"):
        raise RuntimeError(
            f"{uri} names no folder of captured records below {capture_uri}. Deploy the model "
            "again."
        )
    return record


def _check_endpoint(name: str, active: ActiveBaseline, now: datetime, sagemaker: Any) -> None:
    """Say that something else changed the endpoint, whose answers then nobody looks at."""
    endpoint = describe_endpoint(name, sagemaker)
    # On its way to another configuration, and just after, it is in the hands of a deployment.
    if endpoint is None or endpoint["EndpointStatus"] != "InService":
        return
    current, expected = endpoint["EndpointConfigName"], active["endpoint_config_name"]
    if current != expected and now - endpoint["LastModifiedTime"] > MAX_ACTIVATION:
        raise RuntimeError(
            f"Endpoint '{name}' has the configuration '{current}', and the active baseline is that "
            f"of '{expected}': something else changed the endpoint. Deploy the model again."
        )


def _message(
    endpoint: str, active: ActiveBaseline, windows: Windows, number: int, *, is_exact: bool
) -> str:
    if not windows.some:
        return f"nothing to look at: judged already, up to {time_text(windows.drift.end)}"
    if not number:
        return f"nothing to look at: endpoint '{endpoint}' captured no records {windows}"
    package = active["model_package_arn"].partition("/")[2]
    return f"{'' if is_exact else 'at least '}{number} records of {package} {windows}"


def _answer(
    windows: Windows, active: ActiveBaseline | None, number: int, message: str
) -> dict[str, str | int]:
    answer: dict[str, str | int] = {
        "NumRecords": number,
        "Message": message,
        "BaselineUri": "",
        "CaptureUri": "",
        "ModelPackageArn": "",
    }
    if active is not None:
        statistics = f"/{DATA_QUALITY_DIR}/{STATISTICS_FILE}"
        answer["BaselineUri"] = active["data_statistics_uri"].removesuffix(statistics)
        answer["CaptureUri"] = active["capture_uri"]
        answer["ModelPackageArn"] = active["model_package_arn"]
    for name, window in (("Drift", windows.drift), ("Quality", windows.quality)):
        answer[f"{name}WindowStart"] = time_text(window.start)
        answer[f"{name}WindowEnd"] = time_text(window.end)
    return answer


def _write_manifest(
    manifest: Manifest, uri: str, names: Iterable[str], event: Mapping[str, Any], s3: Any
) -> None:
    """Write a manifest; one that would be empty lists the placeholder."""
    prefix, rests = f"{uri}/", list(names)
    if not rests:
        folder, slash, placeholder = event["PlaceholderUri"].rpartition("/")
        prefix, rests = folder + slash, [placeholder]
    key = event.get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    s3.put_object(
        **bucket_and_key(f"{event['ManifestsUri']}/{manifest}"),
        **encryption,
        Body=json.dumps([{"prefix": prefix}, *rests]).encode(),
        ContentType="application/json",
    )


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str | int]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own clients and needs none of it.

    return respond(event, s3=boto3.client("s3"), sagemaker=boto3.client("sagemaker"))
