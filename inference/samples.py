"""Samples of a model package: images as they were collected, and the answers that evaluation got.

Who deploys a model sends the images to the endpoint and compares. Standard library only: host
modules and Lambda functions import this module too.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from inference.contract import MAX_REQUEST_BYTES

SAMPLES_FILE = "samples.json"
"""Lists the samples; the images lie beside it, under the names that it gives."""

MAX_SAMPLES = 16

MAX_SAMPLE_BYTES = MAX_REQUEST_BYTES
"""Largest image of a sample: it is sent as one request."""

TOLERANCE = 1e-3
"""Largest difference of a number, absolute or relative: other processors and releases of torch sum
in another order."""

_EXACT = ("predicted_label", "size_bucket")
"""Strings that must agree. The labels after the first may be in any order where all are
improbable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A request and the answer to it."""

    file: str
    """Path of the image, relative to the list."""
    content_type: str
    response: Mapping[str, float | str]
    """Every field of the handler's response."""


def samples_document(samples: list[Sample]) -> list[dict[str, object]]:
    """Content of the list."""
    return [asdict(sample) for sample in samples]


def parse_samples(text: str | bytes) -> list[Sample]:
    """Read the list.

    Raises:
        ValueError: The text is no such list, or it is empty: nothing to compare is no agreement.
    """
    try:
        samples = [Sample(**item) for item in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise ValueError(f"'{SAMPLES_FILE}' is no list of samples: {error}.") from error
    if not samples:
        raise ValueError(f"'{SAMPLES_FILE}' lists no samples.")
    return samples


def difference(expected: Mapping[str, float | str], found: Mapping[str, object]) -> str | None:
    """The first field in which two answers differ, in words; None where they agree.

    Args:
        expected: The recorded answer.
        found: Any JSON object.
    """
    if expected.keys() != found.keys():
        names = ", ".join(sorted(expected.keys() ^ found.keys()))
        return f"only one of the answers has {names}"
    for name, value in expected.items():
        other = found[name]
        if isinstance(value, str):
            agrees = value == other or (name not in _EXACT and isinstance(other, str))
        else:
            agrees = isinstance(other, int | float) and math.isclose(
                value, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE
            )
        if not agrees:
            return f"{name} is {other}, expected {value}"
    return None
