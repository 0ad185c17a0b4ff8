"""The proxy of an endpoint: events of gateways, against clients with the services' own shapes."""

import base64
import json
import logging
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.response import StreamingBody
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infrastructure.api_gateway import handler as function
from infrastructure.api_gateway.handler import Settings, respond

IMAGE = b"\x89PNG\r\n\x1a\n\x00\xff"
ANSWER = {"predicted_label": "cat", "probability": 0.75}
MAX_BYTES = 6_291_456
MAX_CHARACTERS = 8_394_069
GATEWAY_SECONDS = 29
CLOSED = Settings(endpoint_name="dogs", allowed_buckets=frozenset())
OPEN = Settings(endpoint_name="dogs", allowed_buckets=frozenset({"photos"}))


def event_1(body: bytes | str | None, content_type: str | None, **headers: str) -> dict[str, Any]:
    """A request in payload format 1.0; bytes are a body that the gateway treats as binary."""
    is_binary = isinstance(body, bytes)
    named = {"Content-Type": content_type} if content_type is not None else {}
    return {
        "version": "1.0",
        "httpMethod": "POST",
        "path": "/predict",
        "headers": {**named, **headers} or None,
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": is_binary,
        "requestContext": {"httpMethod": "POST"},
    }


def event_2(body: bytes | str | None, content_type: str | None, **headers: str) -> dict[str, Any]:
    """The same request in payload format 2.0, as an HTTP API or a function URL sends it."""
    event = event_1(body, content_type)
    named = {"content-type": content_type} if content_type is not None else {}
    lowered = {name.lower(): text for name, text in headers.items()}
    return {
        "version": "2.0",
        "rawPath": "/predict",
        "headers": {**named, **lowered},
        **({"body": event["body"]} if body is not None else {}),
        "isBase64Encoded": event["isBase64Encoded"],
        "requestContext": {"http": {"method": "POST", "path": "/predict"}},
    }


def json_event(document: object) -> dict[str, Any]:
    """A request with a JSON body."""
    return event_2(json.dumps(document), "application/json")


def form(*files: tuple[str, bytes], boundary: str = "b0undary", text: str = "") -> bytes:
    """The body of a form: named files, and a text field where there is a text."""
    lead = f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\n{text}\r\n'
    body = lead.encode() if text else b""
    for name, content in files:
        body += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        body += content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def refusal(status: int, sentence: str) -> dict[str, Any]:
    """The answer to a request that is refused."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"error": sentence}),
        "isBase64Encoded": False,
    }


def expect_image(sagemaker_runtime: Any, image: bytes = IMAGE, **more: str) -> None:
    """The endpoint is asked this and answers."""
    request = {
        "EndpointName": "dogs",
        "Body": image,
        "ContentType": "application/x-image",
        "Accept": "application/json",
        **more,
    }
    text = json.dumps(ANSWER).encode()
    body = StreamingBody(BytesIO(text), len(text))
    sagemaker_runtime.add_response("invoke_endpoint", {"Body": body}, request)


def expect_object(s3: Any, content: bytes, num_bytes: int | None = None) -> None:
    """The object `s3://photos/a b/dog.png` is asked for and has this content."""
    length = len(content) if num_bytes is None else num_bytes
    s3.add_response(
        "get_object",
        {"Body": StreamingBody(BytesIO(content), len(content)), "ContentLength": length},
        {"Bucket": "photos", "Key": "a b/dog.png"},
    )


@pytest.fixture
def ask(s3: Any, sagemaker_runtime: Any) -> Callable[..., dict[str, Any]]:
    """Calls the function with stubbed clients."""

    def ask(event: dict[str, Any], allowed: Settings = CLOSED) -> dict[str, Any]:
        return respond(
            event, s3=s3.client, sagemaker_runtime=sagemaker_runtime.client, settings=allowed
        )

    return ask


@pytest.mark.parametrize("make", [event_1, event_2], ids=["format 1.0", "format 2.0"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(IMAGE, "image/png", id="image"),
        pytest.param(IMAGE, "Application/X-Image; charset=binary", id="image with a parameter"),
        pytest.param(
            json.dumps({"image": base64.b64encode(IMAGE).decode()}), "application/json", id="json"
        ),
        pytest.param(
            json.dumps({"image": base64.b64encode(IMAGE).decode()}).encode(),
            "application/json; charset=utf-8",
            id="binary json",
        ),
        pytest.param(
            form(("dog.png", IMAGE), text="my dog"),
            "multipart/form-data; boundary=b0undary",
            id="form",
        ),
        pytest.param(
            form(("dög.png", IMAGE), boundary="a b"),
            'multipart/form-data; boundary="a b"',
            id="form with a quoted boundary",
        ),
    ],
)
def test_an_image_is_answered(
    ask: Callable[..., dict[str, Any]],
    sagemaker_runtime: Any,
    make: Callable[..., dict[str, Any]],
    body: bytes | str,
    content_type: str,
) -> None:
    """Each way to send an image reaches the endpoint with its very bytes."""
    expect_image(sagemaker_runtime, InferenceId="order 17")
    event = make(body, content_type, **{"X-Amzn-SageMaker-Inference-Id": "order 17"})
    assert ask(event) == {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": '{"predicted_label": "cat", "probability": 0.75}',
        "isBase64Encoded": False,
    }


def test_an_object_of_an_allowed_bucket_is_answered(
    ask: Callable[..., dict[str, Any]], s3: Any, sagemaker_runtime: Any
) -> None:
    """The object's bytes go to the endpoint."""
    expect_object(s3, IMAGE)
    expect_image(sagemaker_runtime)
    answer = ask(json_event({"s3_uri": "s3://photos/a b/dog.png"}), OPEN)
    assert json.loads(answer["body"]) == ANSWER


NOT_THE_JSON = 'The JSON body must be {"image": "<base64>"} or {"s3_uri": "s3://<bucket>/<key>"}.'
UNSUPPORTED = (
    "Supported: application/json, multipart/form-data, application/x-image, image/bmp, "
    "image/jpeg, image/png, image/webp."
)
CUT_OFF = "The form is cut off, lacks its boundary, or has 32 parts or more."
FORM = "multipart/form-data; boundary=b0undary"


@pytest.mark.parametrize(
    ("event", "status", "sentence"),
    [
        pytest.param(
            event_2("{}", "text/plain"),
            415,
            f"Unsupported content type 'text/plain'. {UNSUPPORTED}",
            id="content type",
        ),
        pytest.param(
            event_1(None, None), 415, f"Unsupported content type ''. {UNSUPPORTED}", id="no headers"
        ),
        pytest.param(
            event_1("\ufffdPNG", "image/png"),
            400,
            "The image arrived as text, which damages it: let the gateway treat 'image/png' as "
            "binary, or send JSON.",
            id="image as text",
        ),
        pytest.param(
            {**event_1("a", "image/png"), "isBase64Encoded": True},
            400,
            "The body is not base64.",
            id="body that is no base64",
        ),
        pytest.param(event_2(None, "application/json"), 400, "The body is not JSON.", id="no body"),
        pytest.param(event_2("{", "application/json"), 400, "The body is not JSON.", id="no JSON"),
        pytest.param(
            event_2("[" * 100_000, "application/json"), 400, "The body is not JSON.", id="deep JSON"
        ),
        pytest.param(
            event_2(b"\xff", "application/json"), 400, "The body is not JSON.", id="no text"
        ),
        pytest.param(
            event_2('"\ud800', "application/json"), 400, "The body is not JSON.", id="surrogate"
        ),
        pytest.param(json_event([]), 400, NOT_THE_JSON, id="list"),
        pytest.param(json_event({"image": 1}), 400, NOT_THE_JSON, id="number"),
        pytest.param(json_event({"url": "https://a"}), 400, NOT_THE_JSON, id="URL"),
        pytest.param(
            json_event({"image": "", "s3_uri": "s3://photos/a"}), 400, NOT_THE_JSON, id="both"
        ),
        pytest.param(
            json_event({"image": "not base64"}),
            400,
            "The value of 'image' is not base64.",
            id="image that is no base64",
        ),
        pytest.param(
            json_event({"image": "ü"}), 400, "The value of 'image' is not base64.", id="no ASCII"
        ),
        pytest.param(
            json_event({"s3_uri": "https://photos/dog.png"}),
            400,
            "'https://photos/dog.png' is not the URI of an object; expected s3://<bucket>/<key>.",
            id="other address",
        ),
        pytest.param(
            json_event({"s3_uri": "s3://photos/"}),
            400,
            "'s3://photos/' is not the URI of an object; expected s3://<bucket>/<key>.",
            id="no key",
        ),
        pytest.param(
            json_event({"s3_uri": "s3://private/dog.png"}),
            403,
            "Objects of bucket 'private' may not be named here.",
            id="other bucket",
        ),
        pytest.param(
            event_2(form(), FORM), 400, "The form must hold one file; it holds 0.", id="empty form"
        ),
        pytest.param(
            event_2(form(("a.png", b"a"), ("b.png", b"b")), FORM),
            400,
            "The form must hold one file; it holds 2.",
            id="two files",
        ),
        pytest.param(
            event_2(form(("a.png", b"a")), "multipart/form-data"), 400, CUT_OFF, id="no boundary"
        ),
        pytest.param(event_2(form(("a.png", b"a"))[:-10], FORM), 400, CUT_OFF, id="truncated form"),
        pytest.param(event_2(form(*[("a.png", b"a")] * 32), FORM), 400, CUT_OFF, id="many parts"),
        pytest.param(
            event_2(form(("", b"")), FORM),
            400,
            "The form must hold one file; it holds 0.",
            id="no file chosen",
        ),
        pytest.param(
            event_2("A" * (MAX_CHARACTERS + 1), "application/json"),
            413,
            "The body has 8394070 characters; at most 8394069 are read.",
            id="large body",
        ),
        pytest.param(
            event_2(bytes(MAX_BYTES + 1), "image/png"),
            413,
            "The image has 6291457 bytes; an endpoint takes at most 6291456. Scale it down, or "
            "score it with a batch transform.",
            id="large image",
        ),
        pytest.param(
            event_2(IMAGE, "image/png", **{"X-Amzn-SageMaker-Inference-Id": "ü"}),
            400,
            "Inference id 'ü' is not of the form that endpoints take: 1 to 64 printable ASCII "
            "characters, the first of them no space.",
            id="inference id",
        ),
    ],
)
def test_what_cannot_be_passed_on_is_refused(
    ask: Callable[..., dict[str, Any]], event: dict[str, Any], status: int, sentence: str
) -> None:
    """The caller reads one sentence and the status that fits; no service is asked."""
    answer = ask(event, OPEN)
    assert json.loads(answer["body"]) == {"error": sentence}
    assert answer["statusCode"] == status


def test_without_allowed_buckets_no_object_is_read(ask: Callable[..., dict[str, Any]]) -> None:
    """Where the environment allows no bucket, every object is refused."""
    assert ask(json_event({"s3_uri": "s3://photos/dog.png"})) == refusal(
        403, "Objects of bucket 'photos' may not be named here."
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
@pytest.mark.parametrize("version", [1, 2])
def test_only_post_is_answered(
    ask: Callable[..., dict[str, Any]], method: str, version: int
) -> None:
    """Other methods learn which one to use."""
    event = event_1(IMAGE, "image/png") if version == 1 else event_2(IMAGE, "image/png")
    if version == 1:
        event["httpMethod"] = method
    else:
        event["requestContext"]["http"]["method"] = method
    expected = refusal(405, f"Send an image by POST, not {method}.")
    expected["headers"]["Allow"] = "POST"
    assert ask(event) == expected


def test_a_large_object_is_not_read(ask: Callable[..., dict[str, Any]], s3: Any) -> None:
    """The size that S3 tells is enough to refuse an object."""
    expect_object(s3, b"", MAX_BYTES + 1)
    assert ask(json_event({"s3_uri": "s3://photos/a b/dog.png"}), OPEN) == refusal(
        413,
        "Object 's3://photos/a b/dog.png' has 6291457 bytes; an endpoint takes at most 6291456.",
    )


@pytest.mark.parametrize(
    ("code", "http_status", "status", "sentence"),
    [
        pytest.param(
            "NoSuchKey", 404, 404, "There is no object '{}' to be read here.", id="missing"
        ),
        pytest.param(
            "AccessDenied", 403, 404, "There is no object '{}' to be read here.", id="denied"
        ),
        pytest.param("SlowDown", 503, 503, "Objects cannot be read now.", id="busy"),
    ],
)
def test_an_object_that_cannot_be_read_is_refused(
    ask: Callable[..., dict[str, Any]],
    s3: Any,
    caplog: pytest.LogCaptureFixture,
    *,
    code: str,
    http_status: int,
    status: int,
    sentence: str,
) -> None:
    """A caller cannot tell a missing object from a forbidden one; the log can."""
    uri = "s3://photos/a b/dog.png"
    s3.add_client_error("get_object", code, "Secret reason.", http_status_code=http_status)
    assert ask(json_event({"s3_uri": uri}), OPEN) == refusal(status, sentence.format(uri))
    assert f"'{uri}' cannot be read: An error occurred ({code})" in caplog.text


@pytest.mark.parametrize(
    ("code", "http_status", "fields", "status", "sentence"),
    [
        pytest.param(
            "ModelError",
            424,
            {"OriginalStatusCode": 400, "OriginalMessage": '{"error": "It is empty."}'},
            400,
            "It is empty.",
            id="refused by the model",
        ),
        pytest.param(
            "ModelError",
            424,
            {"OriginalStatusCode": 500, "OriginalMessage": "Traceback of secrets"},
            502,
            "The endpoint failed.",
            id="fault of the model",
        ),
        pytest.param(
            "ThrottlingException",
            400,
            {},
            429,
            "The endpoint gave no answer: ThrottlingException Secret reason.",
            id="throttled",
        ),
        pytest.param(
            "ServiceUnavailable", 503, {}, 503, "The endpoint is not available now.", id="down"
        ),
        pytest.param(
            "ValidationError",
            400,
            {},
            500,
            "The request failed through no fault of the caller.",
            id="no such endpoint",
        ),
    ],
)
def test_failures_of_the_endpoint_have_their_status(
    ask: Callable[..., dict[str, Any]],
    sagemaker_runtime: Any,
    *,
    code: str,
    http_status: int,
    fields: dict[str, Any],
    status: int,
    sentence: str,
) -> None:
    """The model's refusals pass through; of faults a caller learns that they are none of theirs."""
    sagemaker_runtime.add_client_error(
        "invoke_endpoint",
        code,
        "Secret reason.",
        http_status_code=http_status,
        modeled_fields=fields,
    )
    assert ask(event_2(IMAGE, "image/png")) == refusal(status, sentence)


def test_an_endpoint_that_cannot_be_reached_is_unavailable(
    s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken connection is status 503; the log has the reason."""

    class Runtime:
        def invoke_endpoint(self, **_: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://secret")

    event = event_2(IMAGE, "image/png")
    answer = respond(event, s3=s3.client, sagemaker_runtime=Runtime(), settings=CLOSED)
    assert answer == refusal(503, "The endpoint cannot be reached now.")
    assert 'Could not connect to the endpoint URL: "https://secret"' in caplog.text


def test_a_fault_of_ours_is_logged_and_not_told(s3: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong, the caller gets JSON and no traceback."""
    with caplog.at_level(logging.ERROR):
        answer = respond({"headers": 1}, s3=s3.client, sagemaker_runtime=None, settings=CLOSED)
    assert answer == refusal(500, "The request failed through no fault of the caller.")
    assert "AttributeError" in caplog.text


@given(content=st.binary(min_size=1).map(lambda tail: b"\r\n" + tail) | st.binary())
@example(content=IMAGE + b"\r\n\r\n--\r\n--b0undar\r")
def test_files_of_a_form_arrive_byte_for_byte(content: bytes) -> None:
    """No line ending of an image is touched, wherever it is."""

    class Runtime:
        def invoke_endpoint(self, **request: object) -> dict[str, object]:
            assert request["Body"] == content
            return {"Body": BytesIO(b"{}")}

    event = event_2(form(("dog.png", content)), FORM)
    answer = respond(event, s3=None, sagemaker_runtime=Runtime(), settings=CLOSED)
    assert answer["statusCode"] == 200


@settings(max_examples=300)
@given(
    body=st.binary() | st.text(),
    content_type=st.sampled_from(["application/json", FORM, "image/png"])
    | st.text()
    | st.text().map(lambda text: f"multipart/form-data; {text}"),
)
def test_no_request_is_a_fault(body: bytes | str, content_type: str) -> None:
    """Whatever is sent, the answer is the endpoint's or a refusal."""

    class Runtime:
        def invoke_endpoint(self, **_: object) -> dict[str, object]:
            return {"Body": BytesIO(b"{}")}

    event = event_2(body, content_type)
    answer = respond(event, s3=None, sagemaker_runtime=Runtime(), settings=CLOSED)
    assert answer["statusCode"] in {200, 400, 413, 415}


def test_settings_come_from_the_environment() -> None:
    """Buckets are separated by commas; without any, none is allowed."""
    environment = {"ENDPOINT_NAME": "dogs", "ALLOWED_BUCKETS": "photos, more,"}
    assert Settings.from_environment(environment) == Settings(
        endpoint_name="dogs", allowed_buckets=frozenset({"photos", "more"})
    )
    assert Settings.from_environment({"ENDPOINT_NAME": "dogs"}) == CLOSED


def test_the_entry_point_makes_its_clients_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients outlive a request, ask the endpoint of the environment, and give up before a gateway.

    An image may come from S3, which takes its time before the endpoint does.
    """
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("ENDPOINT_NAME", "dogs")
    function._clients.cache_clear()
    calls = []

    def record(event: object, **options: Any) -> dict[str, Any]:
        calls.append(options)
        return {}

    monkeypatch.setattr(function, "respond", record)
    function.handler({}, None)
    function.handler({}, None)
    function._clients.cache_clear()
    first, second = calls
    assert first == second
    assert first["settings"] == CLOSED
    configs = [first[name].meta.config for name in ("s3", "sagemaker_runtime")]
    assert [config.read_timeout for config in configs] == [5, 20]
    longest = sum(
        config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)
        for config in configs
    )
    assert longest < GATEWAY_SECONDS
