"""Selects the captured records and the labels that a monitoring execution looks at.

Event: `EndpointName`; `ActiveUri`, the record of what is in force for it; `WindowHours` and
`WindowEnd` (`now`, or a time with its zone, ISO 8601); the S3 prefixes `CaptureUri` and
`GroundTruthUri`, with a folder per hour, and `DriftHistoryUri` and `QualityHistoryUri`, with a
record of each earlier window; `ManifestsUri`, where the manifests are written; `PlaceholderUri`, an
object that stands in a manifest which would list none; `KmsKeyId`, if the manifests are to have a
key of their own.
Answer: `NumRecords`, a number, 0 where there is nothing to look at; `Message`, which says why;
`WindowStart` and `WindowEnd`; `BaselineUri` and `ModelPackageArn`, empty where no model is in
force; `CaptureManifestUri`, `GroundTruthManifestUri`, `DriftHistoryManifestUri` and
`QualityHistoryManifestUri`.

A window begins after the model in force took over, so that it holds the records of one model. The
files are those of the window's hours; the records of its first and last hour are cut by time when
they are read.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from infrastructure.functions.clock import utc_now
from infrastructure.functions.endpoints import describe_endpoint
from infrastructure.functions.objects import bucket_and_key, folders, objects
from infrastructure.functions.select_window.counting import Window, count_records
from monitoring.active import ActiveBaseline
from steps.baseline_files import DATA_QUALITY_DIR, STATISTICS_FILE

NOW = "now"

MAX_COUNTED_BYTES = 4 * 1024**3
"""Files of this size are counted; of larger windows it is known that they have records, and how
many at least: a function has some minutes, and the jobs count exactly."""

MAX_WINDOWS = 100
"""Earlier windows in a manifest, the latest ones."""

_FILE = re.compile(r"(?P<hour>\d{4}/\d{2}/\d{2}/\d{2})/[^/]+\.jsonl(\.gz)?")
_HOUR_FORM = "%Y/%m/%d/%H"
_SECOND = timedelta(seconds=1)


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
        ValueError: WindowHours or WindowEnd is no such value.
        RuntimeError: The record of what is in force cannot be read, or is not of what the endpoint
            serves.
    """
    window = _window(event, clock())
    active = _read_active(event["ActiveUri"], s3)
    if active is not None:
        _check_endpoint(event["EndpointName"], active, sagemaker)
        # The record's time is cut to seconds, and so are those of the captured records.
        taken_over = datetime.fromisoformat(active["activated_at"]).astimezone(UTC) + _SECOND
        window = Window(start=max(window.start, taken_over), end=window.end)
    is_open = active is not None and window.start < window.end
    captured = _captured(event["CaptureUri"], window, s3) if is_open else {}
    number, is_exact = _count(event["CaptureUri"], captured, window, s3)
    labels = _labels(event["GroundTruthUri"], window, s3) if number else []
    lists = {
        "Capture": list(captured),
        "GroundTruth": labels,
        "DriftHistory": _history(event["DriftHistoryUri"], s3),
        "QualityHistory": _history(event["QualityHistoryUri"], s3),
    }
    return {
        "NumRecords": number,
        "Message": _message(event["EndpointName"], active, window, number, is_exact=is_exact),
        "WindowStart": _text(window.start),
        "WindowEnd": _text(window.end),
        "BaselineUri": _baseline_uri(active) if active is not None else "",
        "ModelPackageArn": active["model_package_arn"] if active is not None else "",
        **{
            f"{name}ManifestUri": _write_manifest(name, names, event, s3)
            for name, names in lists.items()
        },
    }


def _window(event: Mapping[str, Any], now: datetime) -> Window:
    """The window in whole seconds, which the model in force may shorten."""
    hours = int(event["WindowHours"])
    if hours < 1:
        raise ValueError(f"WindowHours is {hours}; expected 1 or more.")
    end, text = now, event["WindowEnd"]
    if text != NOW:
        try:
            end = datetime.fromisoformat(text)
        except ValueError:
            end = now.replace(tzinfo=None)
        if end.tzinfo is None:
            raise ValueError(
                f"WindowEnd is '{text}'; expected '{NOW}' or a time with its zone, for example "
                "2026-11-21T09:00:00Z."
            )
    end = min(end.astimezone(UTC), now).replace(microsecond=0)
    return Window(start=end - timedelta(hours=hours), end=end)


def _read_active(uri: str, s3: Any) -> ActiveBaseline | None:
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
    return record


def _check_endpoint(name: str, active: ActiveBaseline, sagemaker: Any) -> None:
    """Refuse to hold one model's answers against another one's baseline."""
    endpoint = describe_endpoint(name, sagemaker)
    expected = active["endpoint_config_name"]
    if endpoint is not None and endpoint["EndpointConfigName"] != expected:
        raise RuntimeError(
            f"Endpoint '{name}' has the configuration '{endpoint['EndpointConfigName']}', and the "
            f"active baseline is that of '{expected}': a deployment is under way, or something "
            "else changed the endpoint. Start this pipeline again when the deployment is over, or "
            "deploy the model."
        )


def _baseline_uri(active: ActiveBaseline) -> str:
    return active["data_statistics_uri"].removesuffix(f"/{DATA_QUALITY_DIR}/{STATISTICS_FILE}")


def _captured(uri: str, window: Window, s3: Any) -> dict[str, int]:
    """Captured files of the window's hours, of all variants, and their sizes in bytes."""
    last = _hour(window.end - _SECOND)
    files = {}
    for variant in folders(uri, s3):
        for name, size in objects(f"{uri}/{variant}", s3, after=_hour(window.start)):
            match = _FILE.fullmatch(name)
            if match is not None and match["hour"] > last:
                break
            if match is not None:
                files[f"{variant}/{name}"] = size
    return files


def _labels(uri: str, window: Window, s3: Any) -> list[str]:
    """Files of the labels that were collected since the window began, until now."""
    names = (name for name, _ in objects(uri, s3, after=_hour(window.start)))
    return [name for name in names if _FILE.fullmatch(name)]


def _history(uri: str, s3: Any) -> list[str]:
    """Records of earlier windows, the latest ones; their names begin with the window's end."""
    names = [name for name, _ in objects(uri, s3) if name.endswith(".json")]
    return names[-MAX_WINDOWS:]


def _count(uri: str, files: Mapping[str, int], window: Window, s3: Any) -> tuple[int, bool]:
    """How many records of the window the files hold, and whether that are all."""
    number = num_bytes = 0
    for name, size in files.items():
        num_bytes += size
        if number and num_bytes > MAX_COUNTED_BYTES:
            return number, False
        folder = name.partition("/")[2].rpartition("/")[0]
        hour = datetime.strptime(f"{folder} +0000", f"{_HOUR_FORM} %z")
        body = s3.get_object(**bucket_and_key(f"{uri}/{name}"))["Body"]
        number += count_records(body, name, window, hour)
    return number, True


def _message(
    endpoint: str, active: ActiveBaseline | None, window: Window, number: int, *, is_exact: bool
) -> str:
    if active is None:
        return f"nothing to look at: no baseline is in force for endpoint '{endpoint}'"
    times = f"{_text(window.start)} to {_text(window.end)}"
    package = active["model_package_arn"].partition("/")[2]
    if window.start >= window.end:
        return (
            f"nothing to look at: {package} took over at {active['activated_at']}, and the window "
            f"ends at {_text(window.end)}"
        )
    if not number:
        return f"nothing to look at: endpoint '{endpoint}' captured no records from {times}"
    return f"{'' if is_exact else 'at least '}{number} records of {package} from {times}"


def _write_manifest(name: str, names: Sequence[str], event: Mapping[str, Any], s3: Any) -> str:
    """Write a manifest and return its URI; one that would be empty lists the placeholder."""
    prefix, rests = f"{event[f'{name}Uri']}/", names
    if not names:
        folder, slash, placeholder = event["PlaceholderUri"].rpartition("/")
        prefix, rests = folder + slash, [placeholder]
    uri = f"{event['ManifestsUri']}/{name}.json"
    key = event.get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    s3.put_object(
        **bucket_and_key(uri),
        **encryption,
        Body=json.dumps([{"prefix": prefix}, *rests]).encode(),
        ContentType="application/json",
    )
    return uri


def _hour(time: datetime) -> str:
    return time.strftime(_HOUR_FORM)


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str | int]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own clients and needs none of it.

    return respond(event, s3=boto3.client("s3"), sagemaker=boto3.client("sagemaker"))
