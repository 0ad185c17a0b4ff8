"""The smoke test, against clients with the services' own shapes."""

import json
from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from infrastructure.functions.smoke_test.handler import SmokeTestError, respond

EVENT = {
    "EndpointName": "dogs",
    "VariantName": "AllTraffic",
    "SamplesUri": "s3://bucket/executions/1/samples",
}
ANSWER = {"brightness": 0.5, "predicted_label": "dog", "probability": 0.9}
IMAGE = b"\x89PNG"


def body(content: bytes) -> StreamingBody:
    """Content of a response, as a client gives it."""
    return StreamingBody(BytesIO(content), len(content))


def add_object(stub: Stubber, name: str, content: bytes) -> None:
    """Let the S3 client have an object below the prefix of the samples."""
    request = {"Bucket": "bucket", "Key": f"executions/1/samples/{name}"}
    stub.add_response("get_object", {"Body": body(content)}, request)


def add_samples(stub: Stubber, *files: str) -> None:
    """Let the S3 client have a list of samples that all have one answer."""
    samples = [{"file": file, "content_type": "image/png", "response": ANSWER} for file in files]
    add_object(stub, "samples.json", json.dumps(samples).encode())


def add_answer(stub: Stubber, content: bytes) -> None:
    """Let the endpoint answer a request with the image's original bytes."""
    request = {
        "EndpointName": "dogs",
        "TargetVariant": "AllTraffic",
        "ContentType": "image/png",
        "Accept": "application/json",
        "Body": IMAGE,
    }
    stub.add_response("invoke_endpoint", {"Body": body(content)}, request)


def run(s3: Any, sagemaker_runtime: Any, **changes: str) -> dict[str, str]:
    """Call the function."""
    return respond({**EVENT, **changes}, s3=s3.client, sagemaker_runtime=sagemaker_runtime.client)


def test_every_sample_is_sent_and_compared(s3: Any, sagemaker_runtime: Any) -> None:
    """Each image goes to the variant as it is, and rounding makes no difference."""
    add_samples(s3, "images/dog/1.png", "images/dog/2.png")
    for index in (1, 2):
        add_object(s3, f"images/dog/{index}.png", IMAGE)
        add_answer(sagemaker_runtime, json.dumps({**ANSWER, "probability": 0.9005}).encode())
    assert run(s3, sagemaker_runtime) == {"Message": "2 samples answered as expected"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            json.dumps({**ANSWER, "predicted_label": "cat"}).encode(),
            "predicted_label is cat, expected dog.",
            id="label",
        ),
        pytest.param(
            json.dumps({**ANSWER, "brightness": 0.75}).encode(),
            "brightness is 0.75, expected 0.5.",
            id="number",
        ),
        pytest.param(
            json.dumps({**ANSWER, "brightness": None}).encode(),
            "brightness is None, expected 0.5.",
            id="null",
        ),
        pytest.param(
            b"<html>",
            "the answer is not JSON: Expecting value: line 1 column 1 (char 0).",
            id="no_json",
        ),
        pytest.param(b"[]", "the answer is not a JSON object.", id="no_object"),
    ],
)
def test_another_answer_is_an_error(
    s3: Any, sagemaker_runtime: Any, answer: bytes, words: str
) -> None:
    """The error names the endpoint, the sample, the field, what came and what was expected."""
    add_samples(s3, "images/dog/1.png", "images/dog/2.png")
    add_object(s3, "images/dog/1.png", IMAGE)
    add_answer(sagemaker_runtime, answer)
    with pytest.raises(SmokeTestError) as caught:
        run(s3, sagemaker_runtime)
    assert str(caught.value) == f"Endpoint 'dogs', sample 'images/dog/1.png': {words}"


def test_a_refused_request_is_an_error(s3: Any, sagemaker_runtime: Any) -> None:
    """What the container said is part of the error."""
    add_samples(s3, "images/dog/1.png")
    add_object(s3, "images/dog/1.png", IMAGE)
    sagemaker_runtime.add_client_error(
        "invoke_endpoint", "ModelError", "Received client error (415) from primary."
    )
    with pytest.raises(SmokeTestError) as caught:
        run(s3, sagemaker_runtime)
    assert str(caught.value) == (
        "Endpoint 'dogs', sample 'images/dog/1.png': An error occurred (ModelError) when calling "
        "the InvokeEndpoint operation: Received client error (415) from primary."
    )


def test_a_package_without_samples_fails(s3: Any, sagemaker_runtime: Any) -> None:
    """Nothing to compare is no agreement."""
    with pytest.raises(SmokeTestError) as caught:
        run(s3, sagemaker_runtime, SamplesUri="")
    assert str(caught.value) == (
        "The model package records no samples, so nothing shows that the endpoint answers as it "
        "should; register the model again with the training pipeline."
    )


def test_an_empty_list_fails(s3: Any, sagemaker_runtime: Any) -> None:
    """A list without samples shows nothing either."""
    add_samples(s3)
    with pytest.raises(SmokeTestError) as caught:
        run(s3, sagemaker_runtime)
    assert str(caught.value) == (
        "s3://bucket/executions/1/samples: 'samples.json' lists no samples."
    )


def test_a_missing_image_is_an_error(s3: Any, sagemaker_runtime: Any) -> None:
    """An object that cannot be read is named."""
    add_samples(s3, "images/dog/1.png")
    s3.add_client_error("get_object", "NoSuchKey", "The specified key does not exist.")
    with pytest.raises(SmokeTestError) as caught:
        run(s3, sagemaker_runtime)
    assert str(caught.value) == (
        "s3://bucket/executions/1/samples/images/dog/1.png cannot be read: An error occurred "
        "(NoSuchKey) when calling the GetObject operation: The specified key does not exist."
    )


def test_no_more_is_read_than_an_endpoint_takes(s3: Any, sagemaker_runtime: Any) -> None:
    """An object above 6 MiB is refused without being read to its end."""
    add_samples(s3, "images/dog/1.png")
    add_object(s3, "images/dog/1.png", bytes(6 * 1024 * 1024 + 2))
    with pytest.raises(SmokeTestError) as caught:
        run(s3, sagemaker_runtime)
    assert str(caught.value) == (
        "s3://bucket/executions/1/samples/images/dog/1.png is larger than 6291456 bytes."
    )


def test_a_uri_without_a_key_is_refused(s3: Any, sagemaker_runtime: Any) -> None:
    """What names no object in S3 is said before anything is asked for."""
    with pytest.raises(SmokeTestError) as caught:
        run(s3, sagemaker_runtime, SamplesUri="http://bucket")
    assert str(caught.value) == (
        "http://bucket: 'http://bucket/samples.json' is not the URI of an object; expected "
        "s3://<bucket>/<key>."
    )
