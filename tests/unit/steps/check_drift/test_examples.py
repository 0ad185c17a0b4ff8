"""Tests of steps.check_drift.examples."""

import base64
import json
from pathlib import Path

from monitoring.captured import CapturedReader
from steps.check_drift.examples import find_examples


def test_the_same_image_asked_about_twice_under_one_id(tmp_path: Path) -> None:
    """A caller that repeats a request gives two records that differ in their event alone."""
    image = base64.b64encode(b"image").decode()
    record = {
        "captureData": {
            "endpointInput": {
                "observedContentType": "image/png",
                "mode": "INPUT",
                "data": image,
                "encoding": "BASE64",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": json.dumps({"brightness": 0.9}),
                "encoding": "JSON",
            },
        },
        "eventVersion": "0",
    }
    path = tmp_path / "records.jsonl"
    path.write_text(
        "".join(
            json.dumps(
                {
                    **record,
                    "eventMetadata": {
                        "eventId": event,
                        "inferenceId": "order-17",
                        "inferenceTime": "2026-11-21T09:00:01Z",
                    },
                }
            )
            + "\n"
            for event in ("a", "b", "c")
        )
    )

    found = find_examples(CapturedReader(), [path], {"brightness": 0.1})

    assert [(example.id, example.image) for example in found["brightness"]] == [
        ("order-17", b"image")
    ] * 3
