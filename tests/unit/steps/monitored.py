"""A model's baselines, and a window of its answers, as the jobs of a check find them."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from inference.contract import FieldType, response_fields
from monitoring.classification import confusion_matrix
from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_statistics import Value, data_statistics
from monitoring.documents import document_text
from monitoring.embedding_drift import embedding_document
from monitoring.model_quality import model_statistics, suggest_model_constraints

LABELS = ("cat", "dog", "owl")
START = datetime(2026, 11, 21, 8, tzinfo=UTC)
END = datetime(2026, 11, 21, 10, tzinfo=UTC)
PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/7"
OPTIONS = [
    "--endpoint-name=dogs",
    "--execution-id=abc",
    f"--model-package-arn={PACKAGE}",
    "--capture-uri=s3://bucket/capture/abc/dogs",
    "--schedule-name=dogs-monitoring",
    "--window-start=2026-11-21T08:00:00Z",
    "--window-end=2026-11-21T10:00:00Z",
]


def response(index: int, **changes: Value) -> dict[str, Value]:
    """A whole answer of a model for three labels, spread evenly over its values."""
    number = index % 100 / 128
    values = {
        field.name: number if field.type is FieldType.FRACTIONAL else LABELS[index % 3]
        for field in response_fields(len(LABELS))
    }
    return {**values, **changes}


def write_baselines(directory: Path) -> Path:
    """The baselines of 300 answers, of which 270 are right."""
    for name, text in _baselines().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


@cache  # Calibrating takes long.
def _baselines() -> Mapping[str, str]:
    """Texts of the baselines, by path."""
    answers = [response(index) for index in range(300)]
    columns: dict[str, Sequence[Value]] = {
        name: [answer[name] for answer in answers] for name in answers[0]
    }
    statistics = data_statistics(columns)
    embedding = embedding_document(
        {name: values for name, values in columns.items() if name.startswith("embedding_")}, seed=0
    )
    assert embedding is not None
    predicted = [LABELS[index % 3] for index in range(300)]
    actual = [LABELS[(index + (index % 10 == 0)) % 3] for index in range(300)]
    matrix = confusion_matrix(LABELS, actual=actual, predicted=predicted)
    documents: dict[str, Mapping[str, object]] = {
        "data_quality/statistics.json": statistics,
        "data_quality/constraints.json": suggest_data_constraints(statistics),
        "data_quality/embedding.json": embedding,
        "model_quality/statistics.json": model_statistics(matrix, seed=0),
        "model_quality/constraints.json": suggest_model_constraints(matrix),
    }
    return {name: document_text(document) for name, document in documents.items()}


def record(
    number: int,
    answer: Mapping[str, Value],
    *,
    time: datetime | None = None,
    image: bytes | None = None,
    content_type: str = "image/png",
) -> str:
    """A line of captured data; the records of a window are a second apart."""
    output = {
        "observedContentType": "application/json",
        "mode": "OUTPUT",
        "data": json.dumps(answer),
        "encoding": "JSON",
    }
    data: dict[str, Any] = {"endpointOutput": output}
    if image is not None:
        data["endpointInput"] = {
            "observedContentType": content_type,
            "mode": "INPUT",
            "data": base64.b64encode(image).decode(),
            "encoding": "BASE64",
        }
    moment = time or START + timedelta(seconds=number)
    document = {
        "captureData": data,
        "eventMetadata": {
            "eventId": f"event-{number}",
            "inferenceId": f"id-{number}",
            "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        },
        "eventVersion": "0",
    }
    return json.dumps(document)


def write_records(directory: Path, lines: Iterable[str]) -> Path:
    """Captured files of two variants, and the placeholder of a manifest."""
    every = list(lines)
    for variant, part in (("a", every[::2]), ("b", every[1::2])):
        path = directory / variant / "2026/11/21/08/00-00-000-x.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in part))
    (directory / "README.txt").write_text("nothing")
    return directory


def read(path: Path) -> Any:
    """A file as a document."""
    return json.loads(path.read_text(encoding="utf-8"))
