"""Reads the bodies in captured records: what the request held, and the answers of the model."""

import base64
import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence

from monitoring.answers import AnswerError, Record, parse_answers
from monitoring.damage import DamagedError, Reason
from monitoring.data_quality import InferredType
from monitoring.data_statistics import Value

_CELL = json.JSONDecoder(parse_constant=str)  # NaN is a text, not a number.


def body_content(captured: object) -> bytes | str:
    """A body as it was sent.

    Args:
        captured: `endpointInput` or `endpointOutput` of a record.

    Raises:
        DamagedError: It is none, or its encoding is unknown or does not fit.
    """
    match captured:
        case {"data": str(data), "encoding": "JSON" | "CSV"}:
            return data
        case {"data": str(data), "encoding": "BASE64"}:
            try:
                return base64.b64decode(data, validate=True)
            except ValueError as error:
                raise DamagedError(Reason.BAD_ENCODING, "it is no base64") from error
        case {"encoding": encoding}:
            raise DamagedError(Reason.BAD_ENCODING, f"{encoding!r}")
    raise DamagedError(Reason.BAD_ENCODING, "there is none")


def read_answers(output: object, csv_columns: Mapping[str, InferredType]) -> Sequence[Record]:
    """The answers in a record, one per image.

    Args:
        output: `endpointOutput` of the record.
        csv_columns: Fields of an answer in CSV and their types; its columns are the fields in
            alphabetical order.

    Raises:
        DamagedError: There is none, or it cannot be read.
    """
    if output is None:
        raise DamagedError(Reason.NO_ANSWER)
    content = body_content(output)
    try:
        if isinstance(output, Mapping) and _is_csv(output):
            return _csv_answers(content, csv_columns)
        return parse_answers(content)
    except AnswerError as error:
        raise DamagedError(Reason.BAD_ANSWER, str(error)) from error


def _is_csv(output: Mapping[str, object]) -> bool:
    if output["encoding"] == "BASE64":
        media_type = str(output.get("observedContentType", "")).partition(";")[0]
        return media_type.strip().lower() == "text/csv"
    return output["encoding"] == "CSV"


def _csv_answers(content: bytes | str, columns: Mapping[str, InferredType]) -> Sequence[Record]:
    if not columns:
        raise AnswerError("it is CSV, and the names of the columns are not known")
    try:
        text = content.decode() if isinstance(content, bytes) else content
        lines = [line for line in csv.reader(io.StringIO(text), strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise AnswerError("it is no CSV text") from error
    if not lines:
        raise AnswerError("it is empty")
    names = sorted(columns)
    answers = []
    for line in lines:
        if len(line) != len(names):
            raise AnswerError(f"a line has {len(line)} columns instead of {len(names)}")
        cells = zip(names, line, strict=True)
        answers.append({name: _csv_value(cell, columns[name]) for name, cell in cells})
    return answers


def _csv_value(text: str, kind: InferredType) -> Value:
    """A cell: what is no number stays a text, which the check of types finds."""
    if not text:
        return None
    if kind is InferredType.STRING:
        return text
    try:
        number = _CELL.decode(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(number, bool) or not isinstance(number, int | float):
        return text
    if abs(number) > sys.float_info.max:
        raise AnswerError("a number is too large")
    return number
