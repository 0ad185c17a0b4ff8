"""Tests of pipelines.local.serving.app."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.unit.pipelines.local.serving.conftest import NAME, Running
from tests.waiting import SECONDS

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

RUNTIME = f"/endpoints/{NAME}/invocations"

REFUSES = """
import os, time
def model_fn(model_dir): pass
def transform_fn(model, body, content_type, accept, context):
    text = body.decode("latin-1")
    if text.startswith("status "):
        context.set_response_status(code=int(text.partition(" ")[2]))
        return '{"error": "so it is"}', "application/json"
    if text == "exit":
        os._exit(1)
    name = "X-Amzn-SageMaker-Custom-Attributes"
    context.set_response_header(0, name, context.get_request_header(0, name) or "")
    return repr([len(body), content_type, accept])
"""
"""Answers with the length of the body, or the status that the body names."""

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/captured",
    "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
}


@pytest.fixture
def client(running: Running) -> Any:
    """The unchanged client of the service."""
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"http://127.0.0.1:{running.port}",
        region_name="eu-west-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106 - nobody checks it
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def connection(running: Running) -> Iterator[http.client.HTTPConnection]:
    """A plain connection."""
    opened = http.client.HTTPConnection("127.0.0.1", running.port, timeout=SECONDS)
    yield opened
    opened.close()


def fetch(
    connection: http.client.HTTPConnection, method: str, path: str, **options: Any
) -> tuple[int, bytes]:
    """Status and body of an answer."""
    connection.request(method, path, **options)
    response = connection.getresponse()
    return response.status, response.read()


def test_an_endpoint_without_a_version_is_not_ready(
    connection: http.client.HTTPConnection, client: Any
) -> None:
    """Before the first version, the container says 503, and the API knows no endpoint."""
    assert fetch(connection, "GET", "/ping") == (503, b"")
    assert fetch(connection, "POST", "/invocations") == (503, b'{"message": "Service Unavailable"}')
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.invoke_endpoint(EndpointName=NAME, Body=b"")

    assert caught.value.response["Error"] == {
        "Code": "ValidationError",
        "Message": "Endpoint dogs of account 000000000000 not found.",
    }


def test_the_container_answers_as_it_does_in_the_service(
    running: Running, connection: http.client.HTTPConnection
) -> None:
    """Status, media type and body are the model's own, errors too."""
    running.go_over(running.variant(REFUSES))

    assert fetch(connection, "GET", "/ping") == (200, b"")
    connection.request(
        "POST", "/invocations", b"12345", {"Content-Type": "image/png", "Accept": "text/x"}
    )
    response = connection.getresponse()
    assert response.read() == b"[5, 'image/png', 'text/x']"
    assert response.headers["Content-Type"] == "text/x"
    assert fetch(connection, "POST", "/invocations", body=b"status 415") == (
        415,
        b'{"error": "so it is"}',
    )


def test_the_container_says_how_it_wants_to_be_used(
    running: Running, connection: http.client.HTTPConnection
) -> None:
    """One image is one request; concurrency and payload stay below the service's limit together."""
    status, body = fetch(connection, "GET", "/execution-parameters")

    wishes = json.loads(body)
    assert status == 200
    assert wishes["BatchStrategy"] == "SINGLE_RECORD"
    assert wishes["MaxConcurrentTransforms"] == running.endpoint.num_threads
    assert wishes["MaxConcurrentTransforms"] * wishes["MaxPayloadInMB"] <= 100


def test_the_client_of_the_service_gets_an_answer(running: Running, client: Any) -> None:
    """Media types and attributes go through, and the answer names the variant."""
    running.go_over(running.variant(REFUSES))

    response = client.invoke_endpoint(
        EndpointName=NAME,
        Body=b"123",
        ContentType="image/jpeg",
        Accept="text/y",
        CustomAttributes="who=me",
        InferenceId="id 1",
    )

    assert response["Body"].read() == b"[3, 'image/jpeg', 'text/y']"
    assert response["ContentType"] == "text/y"
    assert response["InvokedProductionVariant"] == "AllTraffic"
    assert response["CustomAttributes"] == "who=me"


@pytest.mark.parametrize(("status", "side"), [(415, "client"), (503, "server")])
def test_the_client_raises_the_models_error(
    running: Running, client: Any, status: int, side: str
) -> None:
    """It carries the status and the body that the model answered."""
    running.go_over(running.variant(REFUSES))

    with pytest.raises(client.exceptions.ModelError) as caught:
        client.invoke_endpoint(EndpointName=NAME, Body=f"status {status}")

    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == '{"error": "so it is"}'
    assert response["Error"]["Message"] == (
        f'Received {side} error ({status}) from primary with message "{{"error": "so it is"}}". '
        "See log.txt of the endpoint for more information."
    )


def test_a_worker_that_dies_is_the_models_error(running: Running, client: Any) -> None:
    """The request that it had fails, the next one is answered."""
    running.go_over(running.variant(REFUSES))

    with pytest.raises(client.exceptions.ModelError) as caught:
        client.invoke_endpoint(EndpointName=NAME, Body=b"exit")

    assert caught.value.response["OriginalStatusCode"] == 500
    answer = client.invoke_endpoint(EndpointName=NAME, Body=b"12", ContentType="a/b", Accept="c/d")
    assert answer["Body"].read() == b"[2, 'a/b', 'c/d']"


def refusal(client: Any, **request: Any) -> dict[str, str]:
    """The error of a request."""
    with pytest.raises(ClientError) as caught:
        client.invoke_endpoint(**{"EndpointName": NAME, "Body": b"1", **request})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 413}
    error: dict[str, str] = caught.value.response["Error"]
    return error


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"EndpointName": "cats"}, "Endpoint cats of account 000000000000 not found."),
        (
            {"TargetVariant": "Absent"},
            "Variant Absent not found for endpoint dogs of account 000000000000.",
        ),
        (
            {"InferenceId": "x" * 65},
            f"InferenceId '{'x' * 65}' is not valid; expected 1 to 64 printable characters, and no "
            "space first.",
        ),
        (
            {"TargetModel": "model.tar.gz"},
            "Header 'X-Amzn-SageMaker-Target-Model' is for endpoints with several models or "
            "sessions.",
        ),
        (
            {"SessionId": "NEW_SESSION"},
            "Header 'X-Amzn-SageMaker-Session-Id' is for endpoints with several models or "
            "sessions.",
        ),
    ],
    ids=["endpoint", "variant", "inference-id", "model", "session"],
)
def test_the_client_raises_a_validation_error(
    running: Running, client: Any, request_: dict[str, str], message: str
) -> None:
    """What the endpoint does not have is said, never ignored."""
    running.go_over(running.variant(REFUSES))

    assert refusal(client, **request_) == {"Code": "ValidationError", "Message": message}


def test_a_variant_can_be_named(running: Running, client: Any) -> None:
    """A variant without weight answers only those who name it."""
    running.go_over(running.variant(REFUSES, weight=0.0), running.variant(REFUSES, name="B"))

    chosen = {
        client.invoke_endpoint(EndpointName=NAME, Body=b"1")["InvokedProductionVariant"]
        for _ in range(10)
    }
    named = client.invoke_endpoint(EndpointName=NAME, Body=b"1", TargetVariant="AllTraffic")

    assert chosen == {"B"}
    assert named["InvokedProductionVariant"] == "AllTraffic"


def test_variants_without_any_weight_answer_nobody_else(running: Running, client: Any) -> None:
    """The error says what to do."""
    running.go_over(running.variant(REFUSES, weight=0.0))

    assert refusal(client) == {
        "Code": "ValidationError",
        "Message": "No variant of endpoint dogs has a weight; name a TargetVariant.",
    }


def test_the_body_of_a_request_is_limited(running: Running, client: Any) -> None:
    """The limit of InvokeEndpoint is met exactly; one byte more is refused, and none is lost."""
    running.go_over(running.variant(REFUSES))
    limit = 6 * 1024 * 1024

    answer = client.invoke_endpoint(
        EndpointName=NAME, Body=b"x" * limit, ContentType="a/b", Accept="c/d"
    )

    assert answer["Body"].read() == f"[{limit}, 'a/b', 'c/d']".encode()
    assert refusal(client, Body=b"x" * (limit + 1)) == {
        "Code": "413",
        "Message": "HTTP content length exceeded 6291456 bytes.",
    }


def test_a_body_of_unknown_length_is_limited_too(
    running: Running, connection: http.client.HTTPConnection
) -> None:
    """A chunked body is read up to the limit and no further."""
    running.go_over(running.variant(REFUSES))
    chunk = b"x" * 65536
    options = {"encode_chunked": True, "headers": {"Transfer-Encoding": "chunked"}}

    status, body = fetch(connection, "POST", RUNTIME, body=iter([chunk] * 3), **options)
    assert (status, body) == (200, b"[196608, None, 'application/json']")
    try:
        status, body = fetch(connection, "POST", RUNTIME, body=iter([chunk] * 200), **options)
    except ConnectionError:  # The rest of the body is not wanted.
        return
    assert status == 413


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_a_body_is_not_decoded(
    running: Running, connection: http.client.HTTPConnection, coding: str
) -> None:
    """What a caller says of its coding is between it and the model."""
    running.go_over(running.variant(REFUSES))

    answer = fetch(connection, "POST", RUNTIME, body=b"12345", headers={"Content-Encoding": coding})

    assert answer == (200, b"[5, None, 'application/json']")


def test_a_caller_that_asks_first_may_go_on(running: Running) -> None:
    """It is told so at once, as curl asks before it sends a large image; unless that is in vain."""
    running.go_over(running.variant(REFUSES))

    def ask_first(expectation: str, num_bytes: int) -> bytes:
        with socket.create_connection(("127.0.0.1", running.port), timeout=SECONDS) as caller:
            caller.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: localhost\r\n"
                + f"Expect: {expectation}\r\nContent-Length: {num_bytes}\r\n\r\n".encode()
            )
            said = caller.recv(10_000)
            if said.startswith(b"HTTP/1.1 100"):
                caller.sendall(b"12345")
                said += caller.recv(10_000)
            return b" ".join(re.findall(rb"HTTP/1.1 (\d+)", said))

    assert ask_first("100-continue", 5) == b"100 200"
    assert ask_first("100-continue", 10**9) == b"413"
    assert ask_first("else", 5) == b"417"


def test_requests_of_the_api_are_captured(
    running: Running, client: Any, connection: http.client.HTTPConnection
) -> None:
    """Those that the model answered are: not its errors, and not the container's own requests."""
    running.go_over(running.variant(REFUSES), capture=CAPTURE)
    client.invoke_endpoint(
        EndpointName=NAME, Body=b"12", ContentType="image/png", InferenceId="id-1"
    )
    with pytest.raises(client.exceptions.ModelError):
        client.invoke_endpoint(EndpointName=NAME, Body=b"status 400")
    fetch(connection, "POST", "/invocations", body=b"123")

    running.writer.close()

    [file] = (running.root / "s3" / "bucket" / "captured" / NAME / "AllTraffic").rglob("*.jsonl")
    [line] = file.read_text().splitlines()
    record = json.loads(line)
    assert record["eventMetadata"]["inferenceId"] == "id-1"
    assert record["captureData"]["endpointInput"] == {
        "observedContentType": "image/png",
        "mode": "INPUT",
        "data": "MTI=",
        "encoding": "BASE64",
    }


def test_a_sample_of_no_requests_captures_nothing(running: Running, client: Any) -> None:
    """Zero percent is none."""
    running.go_over(running.variant(REFUSES), capture={**CAPTURE, "InitialSamplingPercentage": 0})
    client.invoke_endpoint(EndpointName=NAME, Body=b"12")

    running.writer.close()

    assert not (running.root / "s3").exists()


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/invocations", 405, "Method Not Allowed"),
        ("HEAD", "/ping", 405, None),
        ("GET", "/", 404, "Not Found"),
        ("POST", "/endpoints/dogs/async-invocations", 404, "Not Found"),
    ],
)
def test_other_requests_get_short_errors(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    status: int,
    message: str | None,
) -> None:
    """The answer is JSON, as that of everything else."""
    body = json.dumps({"message": message}).encode() if message else b""

    assert fetch(connection, method, path) == (status, body)


@pytest.mark.parametrize(
    "host", ["attacker.example", "127.0.0.1.attacker.example:80", "169.254.169.254", ""]
)
def test_strange_hosts_are_refused(connection: http.client.HTTPConnection, host: str) -> None:
    """A web page that rebinds its own name to this machine gets nothing."""
    assert fetch(connection, "GET", "/ping", headers={"Host": host}) == (
        421,
        b'{"message": "Misdirected Request"}',
    )


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:80"])
def test_this_machine_is_no_strange_host(connection: http.client.HTTPConnection, host: str) -> None:
    """The port may be that of a tunnel."""
    assert fetch(connection, "GET", "/ping", headers={"Host": host}) == (503, b"")


def test_a_caller_that_goes_away_harms_nobody(
    running: Running, connection: http.client.HTTPConnection
) -> None:
    """Half a request, or one whose answer nobody reads, leaves the endpoint as it was."""
    running.go_over(running.variant(REFUSES))
    for body in (b"half of it", b"x" * 100):
        with socket.create_connection(("127.0.0.1", running.port)) as caller:
            caller.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
            )
            caller.sendall(body)

    assert fetch(connection, "POST", "/invocations", body=b"status 299")[0] == 299
