"""Callers of a real endpoint of this machine: the client, and the proxy behind a gateway."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from botocore.exceptions import ClientError
from PIL import Image

from inference.artifact import Artifact, Spec, write_artifact
from inference.client import URL_VARIABLE, Client, PredictionError, runtime_client
from inference.handler import model_fn
from inference.model import build_classifier
from inference.serving import Response, input_fn, predict_fn
from inference.transforms import Normalization
from infrastructure.api_gateway.handler import Settings, handler, respond
from pipelines.execution import utc_now
from pipelines.local.hosting import EndpointState, Hosting
from pipelines.local.jobs.archive import pack
from pipelines.local.stand_ins.s3 import S3StandIn
from pipelines.local.store import LocalStore

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]

NAME = "squares"
DAMAGED = "The image cannot be read: it is no PNG, JPEG, WebP or BMP image."


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of the endpoint, with an untrained model for three labels in the folder `model`."""
    root = tmp_path_factory.mktemp("callers")
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
    write_artifact(root / "model", artifact, {})
    return root


@pytest.fixture(scope="module")
def endpoint(root: Path) -> Iterator[EndpointState]:
    """An endpoint with the model behind it."""
    pack(root / "model", root / "model.tar.gz")
    LocalStore(root).put_bytes("s3://bucket/model.tar.gz", (root / "model.tar.gz").read_bytes())
    hosting = Hosting(root)
    container = {
        "ModelDataUrl": "s3://bucket/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.handler"},
    }
    hosting.create_model({"PrimaryContainer": container}, name="model", now=utc_now())
    variant = {"VariantName": "AllTraffic", "ModelName": "model"}
    config = {"EndpointConfigName": "config", "ProductionVariants": [variant]}
    hosting.create_endpoint_config(config, now=utc_now())
    yield hosting.deploy(NAME, "config", is_stopping=threading.Event())
    hosting.stop(NAME)


@pytest.fixture(autouse=True)
def _call_this_machine(endpoint: EndpointState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, endpoint.url)


@pytest.fixture(scope="module")
def expected(root: Path, images_dir: Path) -> dict[Path, Response]:
    """What the model answers to each image, without any endpoint."""
    model = model_fn(str(root / "model"))
    answers = {}
    for path in sorted(images_dir.rglob("*.png")):
        [answers[path]] = predict_fn(input_fn(path.read_bytes(), "image/png"), model)
    return answers


def test_every_kind_of_image_is_answered_as_by_the_model(expected: dict[Path, Response]) -> None:
    """A path, its bytes and its picture get the very answer of the model."""
    client = Client(NAME)
    path, answer = next(iter(expected.items()))
    with Image.open(path) as picture:
        for image in (path, str(path), path.read_bytes(), picture):
            assert client.predict(image, inference_id="a 1", target_variant="AllTraffic") == answer


def test_a_folder_is_answered_in_order(
    expected: dict[Path, Response], images_dir: Path, tmp_path: Path
) -> None:
    """All images of a folder; one that is damaged has the handler's sentence."""
    assert dict(Client(NAME).predict_folder(images_dir)) == expected
    (tmp_path / "damaged.jpg").write_bytes(b"no image")
    [(path, refusal)] = Client(NAME).predict_folder(tmp_path)
    assert path == tmp_path / "damaged.jpg"
    assert isinstance(refusal, PredictionError)
    assert (refusal.status, str(refusal)) == (400, DAMAGED)


@pytest.mark.parametrize(
    ("name", "variant"),
    [pytest.param("other", None, id="endpoint"), pytest.param(NAME, "Other", id="variant")],
)
def test_a_wrong_name_is_the_services_error(name: str, variant: str | None) -> None:
    """An endpoint or a variant that is not there is refused as the service refuses it."""
    with pytest.raises(ClientError) as caught:
        Client(name).predict(b"image", target_variant=variant)
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def event(body: bytes, content_type: str) -> dict[str, Any]:
    """A request of a function URL."""
    return {
        "version": "2.0",
        "headers": {"content-type": content_type, "x-amzn-sagemaker-inference-id": "a 1"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
        "requestContext": {"http": {"method": "POST"}},
    }


def ask(root: Path, request: dict[str, Any]) -> dict[str, Any]:
    """The proxy's answer, by boto3's client of this machine's endpoint."""
    settings = Settings(endpoint_name=NAME, allowed_buckets=frozenset({"photos"}))
    s3 = S3StandIn(LocalStore(root))
    return respond(request, s3=s3, sagemaker_runtime=runtime_client(), settings=settings)


def test_the_proxy_answers_as_the_model(root: Path, expected: dict[Path, Response]) -> None:
    """An image, a form, base64 in JSON and an object in S3 get the same answer."""
    path, answer = next(iter(expected.items()))
    image = path.read_bytes()
    LocalStore(root).put_bytes("s3://photos/red.png", image)
    form = io.BytesIO()
    form.write(b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n')
    form.write(image + b"\r\n--b--\r\n")
    text = base64.b64encode(image).decode()
    for request in (
        event(image, "image/png"),
        event(form.getvalue(), "multipart/form-data; boundary=b"),
        event(json.dumps({"image": text}).encode(), "application/json"),
        event(b'{"s3_uri": "s3://photos/red.png"}', "application/json"),
    ):
        response = ask(root, request)
        assert response["statusCode"] == 200
        assert json.loads(response["body"]) == answer


def test_the_proxy_passes_the_models_refusals_on(root: Path) -> None:
    """The handler's status and sentence come through, and so does what S3 lacks."""
    refused = ask(root, event(b"no image", "image/png"))
    assert (refused["statusCode"], json.loads(refused["body"])) == (400, {"error": DAMAGED})
    missing = ask(root, event(b'{"s3_uri": "s3://photos/none.png"}', "application/json"))
    assert (missing["statusCode"], json.loads(missing["body"])) == (
        404,
        {"error": "There is no object 's3://photos/none.png' to be read here."},
    )


def test_the_entry_point_needs_its_environment_alone(
    monkeypatch: pytest.MonkeyPatch, expected: dict[Path, Response]
) -> None:
    """On AWS Lambda the clients come from boto3 and the settings from the environment."""
    path, answer = next(iter(expected.items()))
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
        "ENDPOINT_NAME": NAME,
    }.items():
        monkeypatch.setenv(name, value)
    response = handler(event(path.read_bytes(), "image/png"), None)
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == answer
