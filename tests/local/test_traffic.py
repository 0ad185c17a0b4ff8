"""Traffic to a real endpoint of this machine, joined with what the endpoint captured of it."""

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import torch

from inference.artifact import Artifact, Spec, write_artifact
from inference.client import URL_VARIABLE, Client
from inference.contract import CONTENT_TYPE_BY_SUFFIX, RESPONSE_TYPES
from inference.images import decode
from inference.model import build_classifier
from inference.transforms import Normalization
from monitoring.corruptions import Corruption
from monitoring.traffic import Load, Summary, simulate
from monitoring.traffic_mix import TrafficMix, find_pictures
from pipelines.execution import utc_now
from pipelines.local.hosting import Hosting
from pipelines.local.jobs.archive import pack
from pipelines.local.store import LocalStore

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]

NAME = "traffic"
LOAD = Load(requests_per_second=100, num_requests=30)


@pytest.fixture
def hosting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosting]:
    """An endpoint with an untrained model that captures all of its answers."""
    torch.manual_seed(0)
    artifact = Artifact(
        network=build_classifier("small_cnn", num_labels=3).eval(),
        spec=Spec(
            architecture="small_cnn",
            image_size=32,
            normalization=Normalization(mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.5)),
        ),
        labels=("blue", "green", "red"),
    )
    write_artifact(tmp_path / "model", artifact, {})
    pack(tmp_path / "model", tmp_path / "model.tar.gz")
    content = (tmp_path / "model.tar.gz").read_bytes()
    LocalStore(tmp_path).put_bytes("s3://bucket/model.tar.gz", content)
    hosting = Hosting(tmp_path)
    container = {
        "ModelDataUrl": "s3://bucket/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.handler"},
    }
    hosting.create_model({"PrimaryContainer": container}, name="model", now=utc_now())
    config = {
        "EndpointConfigName": "config",
        "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "model"}],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://bucket/capture",
            "CaptureOptions": [{"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": list(RESPONSE_TYPES[:2])},
        },
    }
    hosting.create_endpoint_config(config, now=utc_now())
    endpoint = hosting.deploy(NAME, "config", is_stopping=threading.Event())
    monkeypatch.setenv(URL_VARIABLE, endpoint.url)
    yield hosting
    if hosting.endpoint(NAME) is not None:
        hosting.stop(NAME)


def captured(directory: Path) -> dict[str, Mapping[str, Any]]:
    """The answers in an endpoint's captured records, by inference id."""
    answers = {}
    for path in directory.rglob("*.jsonl"):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            answer = json.loads(record["captureData"]["endpointOutput"]["data"])
            answers[record["eventMetadata"]["inferenceId"]] = answer
    return answers


def test_captured_traffic_is_joined_with_its_ground_truth(
    hosting: Hosting, images_dir: Path, tmp_path: Path
) -> None:
    """All requests are captured under the ids of their labels; the corruption is in the answers."""
    mix = TrafficMix(pictures=find_pictures(images_dir, suffixes=CONTENT_TYPE_BY_SUFFIX), seed=0)
    labels: dict[str, str] = {}

    def write_label(inference_id: str, label: str, collected_at: datetime) -> None:
        labels[inference_id] = label

    def traffic(corruption: Corruption | None) -> Summary:
        return simulate(
            mix,
            LOAD,
            send=Client(NAME).predict,
            decode=decode,
            started_at=utc_now(),
            corruption=corruption,
            write_label=write_label,
        )

    plain = traffic(None)
    # Decoded and sent without loss, but not changed: what the endpoint sees must be the same.
    same = traffic(Corruption(kind="brightness", severity=0.0))
    dark = traffic(Corruption(kind="brightness", severity=-0.5))
    hosting.stop(NAME)
    for summary in (plain, same, dark):
        assert (summary.num_sent, summary.num_failed, summary.num_labels) == (30, 0, 30)
    answers = captured(tmp_path / "s3" / "bucket" / "capture" / NAME)
    assert answers.keys() == labels.keys()
    assert len(answers) == 90
    for index in range(30):
        before = answers[f"{plain.run_id}-{index}"]
        after = answers[f"{dark.run_id}-{index}"]
        assert answers[f"{same.run_id}-{index}"] == before
        assert after["brightness"] == pytest.approx(before["brightness"] / 2, abs=0.01)
        assert labels[f"{plain.run_id}-{index}"] == mix.draw(index).picture.label
