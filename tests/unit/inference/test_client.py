"""Tests of inference.client, with boto3's own client against an HTTP server on this machine."""

import io
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.artifact import Artifact
from inference.client import Client, PredictionError, check_inference_id
from inference.contract import MAX_REQUEST_BYTES
from inference.serving import input_fn, predict_fn
from tests.waiting import SECONDS

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ANSWER = {"predicted_label": "cat", "probability": 0.75}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers to one request."""

    status: int = 200
    document: object = field(default_factory=lambda: ANSWER)
    error_type: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What the server was sent."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Endpoint:
    """A server that answers as it is told, and remembers what it was sent."""

    url: str = ""
    replies: deque[Reply] = field(default_factory=deque)
    """In order; with none left, the answer."""
    requests: list[Request] = field(default_factory=list)
    respond: Callable[[Request], Reply] | None = None
    """Answers instead of `replies`."""


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """The endpoint that the environment names; nothing else is set, and proxies are wrong."""
    told = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(self.path, dict(self.headers), body)
            told.requests.append(request)
            if told.respond is not None:
                reply = told.respond(request)
            else:
                reply = told.replies.popleft() if told.replies else Reply()
            document = reply.document
            answer = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            if reply.error_type:
                self.send_header("x-amzn-errortype", reply.error_type)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        told.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", told.url)
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which are told and not waited."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def model_error(status: int, body: str) -> Reply:
    """The service's answer where the model refused a request or failed."""
    document = {
        "Message": "Received an error from primary.",
        "OriginalStatusCode": status,
        "OriginalMessage": body,
    }
    return Reply(424, document, "ModelError")


def test_bytes_are_sent_as_they_are(endpoint: Endpoint) -> None:
    """The body is the image, unsigned, by the path of the service, and the answer is a mapping."""
    answer = Client("dogs").predict(b"image", inference_id="a 1", target_variant="Blue")
    assert answer == ANSWER
    (request,) = endpoint.requests
    assert request.path == "/endpoints/dogs/invocations"
    assert request.body == b"image"
    assert request.headers["Content-Type"] == "application/x-image"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["X-Amzn-SageMaker-Inference-Id"] == "a 1"
    assert request.headers["X-Amzn-SageMaker-Target-Variant"] == "Blue"
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        pytest.param("dog.JPG", "image/jpeg", id="jpeg"),
        pytest.param("dog.webp", "image/webp", id="webp"),
        pytest.param("dog", "application/x-image", id="unknown"),
    ],
)
@pytest.mark.parametrize("kind", [Path, str])
def test_a_file_says_what_it_is(
    endpoint: Endpoint, tmp_path: Path, name: str, content_type: str, kind: type
) -> None:
    """The content type follows the suffix; without a known one the model looks for itself."""
    (tmp_path / name).write_bytes(b"image")
    Client("dogs").predict(kind(tmp_path / name))
    assert endpoint.requests[0].body == b"image"
    assert endpoint.requests[0].headers["Content-Type"] == content_type


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "I", "I;16"]
)
def test_pillow_images_arrive_without_loss(
    endpoint: Endpoint, artifact: Artifact, mode: str
) -> None:
    """Whatever its mode, the model answers an image as it answers its lossless file."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    if mode.startswith("I"):
        wide = (pixels[..., 0].astype(np.uint16) << 8) | pixels[..., 1]
        image = Image.fromarray(wide.astype(np.int32 if mode == "I" else np.uint16))
        expected = Image.fromarray(pixels[..., 0])  # the high bytes
    elif mode in {"PA", "RGBa"}:
        image = Image.fromarray(pixels).convert("P" if mode == "PA" else "RGBA")
        image = image.convert(mode)
        expected = image.convert("RGBA")
    else:
        image = Image.fromarray(pixels).convert("RGB").convert(mode)
        expected = image.convert("RGBA")
    assert image.mode == mode
    Client("dogs").predict(image)
    (request,) = endpoint.requests
    assert request.headers["Content-Type"] == "image/png"
    buffer = io.BytesIO()
    expected.save(buffer, "PNG")
    sent, direct = (
        predict_fn(input_fn(body, "image/png"), artifact)
        for body in (request.body, buffer.getvalue())
    )
    assert sent == direct


def test_the_orientation_of_a_photo_goes_along(endpoint: Endpoint, artifact: Artifact) -> None:
    """A photo that Pillow opened is answered like its file, which the model turns upright."""
    pixels = np.random.default_rng(0).integers(0, 256, (16, 32, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", exif=exif)
    with Image.open(buffer) as photo:
        Client("dogs").predict(photo)
    (found,) = input_fn(endpoint.requests[0].body, "image/png")
    (expected,) = input_fn(buffer.getvalue(), "image/jpeg")
    assert found.size == (16, 32)
    assert predict_fn([found], artifact) == predict_fn([expected], artifact)


def test_what_is_too_large_is_not_sent(endpoint: Endpoint, tmp_path: Path) -> None:
    """The limit of the service is checked here; the largest allowed body arrives."""
    (tmp_path / "dog.png").write_bytes(bytes(MAX_REQUEST_BYTES + 1))
    client = Client("dogs")
    for image in (bytes(MAX_REQUEST_BYTES + 1), tmp_path / "dog.png"):
        with pytest.raises(PredictionError) as caught:
            client.predict(image)
        assert caught.value.status == 413
        assert str(caught.value) == (
            "The image has 6291457 bytes; an endpoint takes at most 6291456. Scale it down, or "
            "score it with a batch transform."
        )
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    with pytest.raises(PredictionError, match=r"^The image has 67\d{5} bytes"):
        client.predict(Image.fromarray(noise))
    assert endpoint.requests == []
    assert client.predict(bytes(MAX_REQUEST_BYTES)) == ANSWER


def test_the_size_limit_is_that_of_the_service() -> None:
    """The limit is the one in botocore's model of the service."""
    import botocore.session

    model = botocore.session.Session().get_service_model("sagemaker-runtime")
    assert model.shape_for("BodyBlob").metadata["max"] == MAX_REQUEST_BYTES


@pytest.mark.parametrize(
    "inference_id",
    ["", " a", "a" * 65, "ü", "a\n", "a\tb"],
    ids=["empty", "space", "long", "ascii", "line", "tab"],
)
def test_malformed_inference_ids_are_refused(endpoint: Endpoint, inference_id: str) -> None:
    """What the service would refuse is said without asking it."""
    with pytest.raises(ValueError, match="Inference id") as caught:
        Client("dogs").predict(b"image", inference_id=inference_id)
    assert str(caught.value) == (
        f"Inference id {inference_id!r} is not of the form that endpoints take: 1 to 64 printable "
        "ASCII characters, the first of them no space."
    )
    assert endpoint.requests == []


@given(st.from_regex(r"\A[!-~][ -~]{0,63}\Z"))
def test_well_formed_inference_ids_pass(inference_id: str) -> None:
    """Every id of the pattern in botocore's model of the service is taken."""
    check_inference_id(inference_id)


def test_a_refusal_of_the_model_has_its_status_and_sentence(endpoint: Endpoint) -> None:
    """The handler's words come through, and the request is not repeated."""
    endpoint.replies.append(model_error(400, '{"error": "The image cannot be read: it is empty."}'))
    with pytest.raises(PredictionError) as caught:
        Client("dogs").predict(b"")
    assert caught.value.status == 400
    assert str(caught.value) == "The image cannot be read: it is empty."
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("body", ["Traceback ...", "[]", "{}", "null"])
def test_other_handlers_words_are_not_taken_for_a_sentence(endpoint: Endpoint, body: str) -> None:
    """A body that is none of the handler's is left to the error that caused this one."""
    endpoint.replies.append(model_error(500, body))
    with pytest.raises(PredictionError) as caught:
        Client("dogs").predict(b"image")
    assert caught.value.status == 500
    assert str(caught.value) == "The model failed with status 500 and no sentence of its own."
    cause = caught.value.__cause__
    assert isinstance(cause, ClientError)
    assert cause.response["OriginalMessage"] == body


@pytest.mark.parametrize("document", [[ANSWER], "cat", None, b"cat"])
def test_an_answer_of_another_model_is_an_error(endpoint: Endpoint, document: object) -> None:
    """An answer that is no JSON object cannot pass for one of this model package's."""
    endpoint.replies.append(Reply(document=document))
    with pytest.raises(PredictionError) as caught:
        Client("dogs").predict(b"image")
    assert caught.value.status == 502
    assert str(caught.value) == ("The endpoint's answer is no JSON object: it has another model.")


@pytest.mark.parametrize(
    ("reply", "status", "longest_first_wait"),
    [
        pytest.param(
            Reply(400, {"message": "Rate exceeded"}, "ThrottlingException"), 429, 1, id="throttled"
        ),
        pytest.param(
            Reply(429, {"Message": "Loading"}, "ModelNotReadyException"), 429, 1, id="not ready"
        ),
        pytest.param(Reply(429, {}, ""), 429, 1, id="gateway"),
        pytest.param(
            Reply(503, {"Message": "Busy"}, "ServiceUnavailable"), 503, 0.05, id="unavailable"
        ),
        pytest.param(
            Reply(530, {"Message": "Later"}, "InternalDependencyException"), 530, 0.05, id="inner"
        ),
    ],
)
def test_what_passes_is_repeated(
    endpoint: Endpoint, waits: list[float], reply: Reply, status: int, longest_first_wait: float
) -> None:
    """Throttling and faults of the service are waited out, four times at most, ever longer."""
    endpoint.replies.extend([reply] * 4)
    client = Client("dogs")
    assert client.predict(b"image") == ANSWER
    assert len(endpoint.requests) == 5
    assert len(waits) == 4
    assert all(wait <= longest_first_wait * 2**number for number, wait in enumerate(waits))
    endpoint.replies.extend([reply] * 5)
    with pytest.raises(PredictionError) as caught:
        client.predict(b"image")
    assert caught.value.status == status
    document: Any = reply.document
    words = document.get("Message", document.get("message", ""))
    assert (
        str(caught.value)
        == f"The endpoint gave no answer: {reply.error_type or status} {words}".rstrip()
    )


def test_a_caller_who_is_refused_hears_it_from_the_service(endpoint: Endpoint) -> None:
    """An unknown endpoint is no matter of the image: botocore's own error says so."""
    endpoint.replies.append(Reply(400, {"Message": "Endpoint dogs not found."}, "ValidationError"))
    with pytest.raises(ClientError, match=r"Endpoint dogs not found\.$"):
        Client("dogs").predict(b"image")
    assert len(endpoint.requests) == 1


@pytest.mark.allow_hosts(["127.0.0.1", "::1"])  # Many machines call both localhost.
def test_an_endpoint_that_is_not_there_cannot_be_reached(
    endpoint: Endpoint, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a server the error is botocore's, after the same attempts."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://localhost:9")
    with pytest.raises(EndpointConnectionError):
        Client("dogs").predict(b"image")
    assert len(waits) == 4
    assert endpoint.requests == []


def test_other_endpoints_are_signed_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an endpoint of this machine, boto3's settings hold."""
    from inference.client import runtime_client

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    runtime = runtime_client()
    assert runtime.meta.endpoint_url == "https://runtime.sagemaker.eu-west-1.amazonaws.com"
    assert runtime.meta.config.signature_version == "v4"


def test_a_caller_names_the_url_or_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is named counts, and not the environment; requests to this machine are not signed."""
    from inference.client import runtime_client

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    here = runtime_client(url="http://127.0.0.1:8080")
    assert here.meta.endpoint_url == "http://127.0.0.1:8080"
    assert here.meta.config.signature_version == UNSIGNED
    there = runtime_client(region="us-west-2")
    assert there.meta.endpoint_url == "https://runtime.sagemaker.us-west-2.amazonaws.com"
    assert there.meta.config.signature_version == "v4"


def test_a_client_of_the_callers_own_is_used_as_it_is() -> None:
    """Who has a runtime client already passes it."""

    class Runtime:
        def invoke_endpoint(self, **request: object) -> dict[str, object]:
            assert request == {
                "EndpointName": "dogs",
                "Body": b"image",
                "ContentType": "application/x-image",
                "Accept": "application/json",
            }
            return {"Body": io.BytesIO(b'{"predicted_label": "dog"}')}

    assert Client("dogs", runtime=Runtime()).predict(b"image") == {"predicted_label": "dog"}


def write_folder(directory: Path, number: int) -> list[Path]:
    """Files with their own names as content, among them two that are no images."""
    paths = [directory / f"label-{index % 2}" / f"{index:02}.png" for index in range(number)]
    for path in [*paths, directory / "notes.txt"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    (directory / "folder.png").mkdir()
    return sorted(paths)


def test_a_folder_is_answered_in_the_order_of_its_paths(endpoint: Endpoint, tmp_path: Path) -> None:
    """Late answers change no order; a few requests are under way at a time; failures are told."""
    paths = write_folder(tmp_path, 11)
    lock, number, most = threading.Lock(), 0, 0
    is_under_way, is_overtaken = threading.Event(), threading.Event()

    def respond(request: Request) -> Reply:
        nonlocal number, most
        with lock:
            number += 1
            most = max(most, number)
        if request.body == b"00.png":
            is_under_way.set()
            is_overtaken.wait(SECONDS)
        else:
            is_under_way.wait(SECONDS)
            is_overtaken.set()
        with lock:
            number -= 1
        if request.body == b"02.png":
            return model_error(400, '{"error": "It is damaged."}')
        return Reply(document={"predicted_label": request.body.decode()})

    endpoint.respond = respond
    (tmp_path / "label-0" / "04.png").unlink()
    (tmp_path / "label-0" / "04.png").symlink_to(paths[0])
    found = dict(Client("dogs").predict_folder(tmp_path))
    assert list(found) == paths
    assert 1 < most <= 4
    refused = found.pop(tmp_path / "label-0" / "02.png")
    assert isinstance(refused, PredictionError)
    assert str(refused) == "It is damaged."
    assert found.pop(tmp_path / "label-0" / "04.png") == {"predicted_label": "00.png"}
    assert found == {path: {"predicted_label": path.name} for path in found}


def test_a_file_that_cannot_be_read_stops_no_other(endpoint: Endpoint, tmp_path: Path) -> None:
    """A file that went away before its turn has its error in the place of an answer."""
    paths = write_folder(tmp_path, 9)
    found = Client("dogs").predict_folder(str(tmp_path))
    paths[-1].unlink()
    outcomes = dict(found)
    assert isinstance(outcomes.pop(paths[-1]), FileNotFoundError)
    assert set(outcomes) == set(paths[:-1])
    assert len(endpoint.requests) == 8


def test_a_folder_without_images_is_refused_at_once(endpoint: Endpoint, tmp_path: Path) -> None:
    """Nothing to ask is an error, and not an empty result."""
    with pytest.raises(FileNotFoundError) as caught:
        Client("dogs").predict_folder(tmp_path)
    assert str(caught.value) == (
        f"No images found under '{tmp_path}'. Expected: *.bmp, *.jpeg, *.jpg, *.png, *.webp."
    )
    assert endpoint.requests == []


def test_a_wrong_endpoint_ends_a_folder(endpoint: Endpoint, tmp_path: Path) -> None:
    """What is no matter of an image is raised instead of being repeated for each."""
    write_folder(tmp_path, 20)
    endpoint.respond = lambda _: Reply(
        400, {"Message": "Endpoint dogs not found."}, "ValidationError"
    )
    with pytest.raises(ClientError):
        list(Client("dogs").predict_folder(tmp_path))
    assert len(endpoint.requests) <= 5
