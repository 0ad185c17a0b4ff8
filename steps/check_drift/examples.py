"""Finds images that are furthest from the baseline, where the requests were captured too."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inference.contract import IMAGE_CONTENT_TYPES
from monitoring.captured import CapturedReader, CapturedRecord

MAX_IMAGES = 6
"""For each feature."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """An image that was sent, and the value that it is shown for."""

    id: str
    """That of the record, as callers know it."""
    value: float
    image: bytes
    """As it came."""


def find_examples(
    reader: CapturedReader, paths: Iterable[Path], means: Mapping[str, float]
) -> dict[str, list[Example]]:
    """The images whose values are furthest from the baseline's mean, by feature.

    Args:
        reader: Reads the window.
        paths: Captured files.
        means: Mean of the baseline by feature; the features are numbers.
    """
    # The event's id is nobody else's, so that two records are never compared themselves.
    furthest: dict[str, list[tuple[float, str, float, CapturedRecord]]] = {
        name: [] for name in means
    }
    for block in reader.read(paths):
        for record in block.records():
            for name, mean in means.items():
                value = record.answer.get(name)
                # Of several images in one request, nothing says which one an answer is to.
                if record.row is not None or not isinstance(value, int | float):
                    continue
                entry = (abs(value - mean), record.event_id, value, record)
                heapq.heappush(furthest[name], entry)
                if len(furthest[name]) > MAX_IMAGES:
                    heapq.heappop(furthest[name])
    return {
        name: [
            Example(id=record.id, value=value, image=image)
            for _, _, value, record in sorted(heap, key=lambda item: (-item[0], item[1]))
            if (image := _image(record)) is not None
        ]
        for name, heap in furthest.items()
    }


def _image(record: CapturedRecord) -> bytes | None:
    body = record.body()
    if body is None:
        return None
    is_image = body.content_type.partition(";")[0].strip().lower() in IMAGE_CONTENT_TYPES
    return body.content if is_image else None
