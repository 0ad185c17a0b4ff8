"""Model Monitor's record preprocessor: the answer in a captured record as rows of a table.

The file is uploaded as it is and imported, alone, by a program in Model Monitor's container that
passes one record after the other to `preprocess_handler` and writes each result to its standard
output. So it needs nothing but the standard library, of a Python that nobody documents (it keeps
to what 3.7 has); it never prints, and never raises, because one exception ends the whole job.

Rows have alphabetical columns, as the baselines do, and only numbers, texts and nulls. An answer
that cannot be read is a row without any value, so that it never makes the data look better. What
holds no answer, such as a header line or a request that the model refused, is no row.

Source: Amazon SageMaker AI Developer Guide, "Preprocessing and Postprocessing",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-pre-and-post-processing.html
"""

from __future__ import annotations

import base64
import csv
import io
import json
import logging
import sys
from collections.abc import Iterable, Mapping

NUMBERS = (
    "blue_mean", "brightness", "contrast", "embedding_00", "embedding_01", "embedding_02",
    "embedding_03", "embedding_04", "embedding_05", "embedding_06", "embedding_07", "entropy",
    "green_mean", "probability", "red_mean", "sharpness", "top_2_probability", "top_3_probability",
)  # fmt: skip
TEXTS = ("predicted_label", "size_bucket", "top_2_label", "top_3_label")
"""Fields of an answer; a model of two labels has no third-best, and one of one label no second.

The image's facts and the model's, as the handler answers them (`inference/contract.py`).
"""

OUTPUT_PREFIX = "endpointOutput_"
GROUND_TRUTH = "groundTruthData_0"
"""Columns of a record that was merged with its label, as Model Monitor names them."""

_FIELDS = tuple(sorted(NUMBERS + TEXTS))
_COLUMNS = {
    len(names): names
    for names in (
        tuple(name for name in _FIELDS if not name.startswith(absent))
        for absent in ((), ("top_3_",), ("top_2_", "top_3_"))
    )
}
"""Columns of an answer in CSV, which has no header, by their number."""

_LOGGER = logging.getLogger("Preprocessing")


class _UnreadableError(ValueError):
    """The record holds an answer, and no one can read it."""


def preprocess_handler(
    inference_record: object, logger: logging.Logger = _LOGGER
) -> dict[str, object] | list[dict[str, object]]:
    """The rows of one record.

    Args:
        inference_record: A captured record, as Model Monitor's own object or as the parsed JSON;
            or an answer, as the parsed JSON or a line of CSV.
        logger: Where problems go; never any of the data.

    Returns:
        A row, several, or an empty list to skip the record.
    """
    try:
        rows = _rows(inference_record)
    except Exception as error:  # noqa: BLE001 - any exception would end the whole job
        logger.warning("An answer cannot be read: %s.", type(error).__name__)
        # One with a label is for the model's quality, and no answer can be compared with that.
        rows = [] if _is_merged(inference_record) else [dict.fromkeys(_COLUMNS[min(_COLUMNS)])]
    return rows[0] if len(rows) == 1 else rows


def _rows(record: object) -> list[dict[str, object]]:
    if isinstance(record, str):
        return _csv_rows(record)
    if isinstance(record, Mapping) and "captureData" not in record:
        return _json_rows([record])
    if not isinstance(record, Mapping) and not hasattr(record, "endpoint_output"):
        raise _UnreadableError
    output = _part(record, "endpoint_output", "endpointOutput")
    if output is None:
        output = _part(record, "batch_transform_output", "batchTransformOutput")
    if output is None:
        return []
    rows = _text_rows(*output)
    if not _is_merged(record):
        return rows
    truth = _part(record, "ground_truth", "groundTruthData")
    if truth is None or len(rows) != 1:  # One label cannot be that of several images.
        raise _UnreadableError
    merged: dict[str, object] = {OUTPUT_PREFIX + name: value for name, value in rows[0].items()}
    merged[GROUND_TRUTH] = truth[0].strip()
    return [merged]


def _is_merged(record: object) -> bool:
    if isinstance(record, Mapping):
        return "captureData" in record and "groundTruthData" in record
    return getattr(record, "ground_truth", None) is not None


def _part(record: object, attribute: str, key: str) -> tuple[str, str] | None:
    """Data and encoding of a part of a captured record; None where the record lacks the part."""
    if not isinstance(record, Mapping):
        part = getattr(record, attribute, None)
        return None if part is None else (part.data, part.encoding)
    part = {**record, **record["captureData"]}.get(key)
    return None if part is None else (part["data"], part["encoding"])


def _text_rows(data: str, encoding: str) -> list[dict[str, object]]:
    """Rows of an answer's body; the text itself tells whether it is JSON or CSV."""
    text = base64.b64decode(data, validate=True).decode() if encoding == "BASE64" else data
    text = text.strip()
    if not text:
        raise _UnreadableError
    if not text.startswith("{"):
        return _csv_rows(text)
    # One answer is JSON, several are JSON Lines.
    return _json_rows([json.loads(line) for line in text.split("\n")])


def _json_rows(answers: Iterable[object]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for answer in answers:
        if not isinstance(answer, Mapping):
            raise _UnreadableError
        if set(answer) != {"error"}:  # What the model refused says nothing of its data.
            rows.append({name: _value(answer[name]) for name in sorted(answer)})
    return rows


def _csv_rows(text: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for values in csv.reader(io.StringIO(text, newline="")):
        if not values or set(values) <= set(_FIELDS):  # A header line.
            continue
        columns = _COLUMNS.get(len(values))
        if columns is None:
            raise _UnreadableError
        rows.append(
            {
                name: _number(value) if name in NUMBERS else _value(value) or None
                for name, value in zip(columns, values)  # noqa: B905 - newer than 3.7
            }
        )
    return rows


def _number(text: str) -> object:
    try:
        return _value(float(text))
    except ValueError:
        return None


def _value(value: object) -> object:
    """What a table may hold; null in the place of anything else."""
    if isinstance(value, str):
        return value if _is_unicode(value) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value if abs(value) <= sys.float_info.max else None
    return None


def _is_unicode(text: str) -> bool:
    """Whether a text can be written: JSON can spell halves of characters, which no file holds."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
