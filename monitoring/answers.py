"""Reads recorded answers of a model: flat JSON objects, one per image, one after the other.

A batch transform writes them to `<name>.out`, and data capture keeps them as texts.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, TypeAlias

from monitoring.data_statistics import Value

ANSWER_SUFFIX = ".out"
"""A batch transform adds it to the name of the object that was asked about.

Source: Amazon SageMaker AI API Reference, TransformOutput, S3OutputPath,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformOutput.html
"""

Record: TypeAlias = Mapping[str, Value]
"""The answer to one image, by field."""


class AnswerError(ValueError):
    """A text is no recorded answer; the message is the reason, to be put into a sentence."""


def answer_files(directory: Path) -> list[Path]:
    """Outputs of a batch transform below a folder, sorted by path."""
    return sorted(path for path in directory.rglob(f"*{ANSWER_SUFFIX}") if path.is_file())


def parse_answers(content: bytes | str) -> list[Record]:
    """Read the answers in a file or text: a JSON object, or several (JSON Lines).

    Raises:
        AnswerError: There is none, or something is no flat object of numbers, texts and nulls.
    """
    try:
        text = content.decode() if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise AnswerError("it is no UTF-8 text") from error
    records: list[Record] = []
    position = _after_space(text, 0)
    while position < len(text):
        place = f"object {len(records) + 1}"
        try:
            document, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise AnswerError(f"{place} is not JSON") from error
        records.append(_record(document, place=place))
        position = _after_space(text, position)
    if not records:
        raise AnswerError("it is empty")
    return records


def is_refusal(answer: Record) -> bool:
    """Whether the model refused the request: what it refused says nothing of its data.

    The handler then answers with this field alone.
    """
    return answer.keys() == {"error"}


def _record(document: object, *, place: str) -> Record:
    if not isinstance(document, dict):
        raise AnswerError(f"{place} is a {type(document).__name__}, no JSON object")
    for name, value in document.items():
        if not _is_text(name) or not _is_value(value):
            shown = name.encode("utf-8", "backslashreplace").decode()
            raise AnswerError(f"field '{shown}' of {place} is no finite number, text or null")
    return document


def _is_value(value: object) -> bool:
    match value:
        case bool():
            return False
        case int() | float():
            return abs(value) <= sys.float_info.max
        case str():
            return _is_text(value)
    return value is None


def _is_text(value: str) -> bool:
    """Whether a text can be written: JSON can spell halves of characters, which no file holds."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _after_space(text: str, position: int) -> int:
    while text[position : position + 1] in _SPACE:
        position += 1
    return position


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON, though Python writes it.")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
_SPACE = frozenset(" \t\r\n")
