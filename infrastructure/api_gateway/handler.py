"""Puts an endpoint behind an API Gateway or a function URL: a request with an image, its labels.

Event: a request in payload format 1.0 or 2.0, by POST, whose body is one of

    application/json       {"image": "<base64>"}, or {"s3_uri": "s3://<bucket>/<key>"}
    multipart/form-data    a form with one file
    image/jpeg, ...        an encoded image, which the gateway must treat as binary

The header `X-Amzn-SageMaker-Inference-Id` is passed on. Answer: the model's, or
`{"error": "<sentence>"}` with the status that fits. Nothing is read from any address of a caller's
but objects of the allowed buckets.

The environment has `ENDPOINT_NAME`, and `ALLOWED_BUCKETS`, names of buckets with commas between.
"""

import base64
import binascii
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from functools import cache
from http import HTTPStatus
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from inference.client import Client, PredictionError, check_inference_id
from inference.contract import IMAGE_CONTENT_TYPES, MAX_REQUEST_BYTES
from infrastructure.functions.objects import bucket_and_key

logger = logging.getLogger(__name__)

INFERENCE_ID_HEADER = "x-amzn-sagemaker-inference-id"

_JSON = "application/json"
_FORM = "multipart/form-data"

_MAX_BODY_CHARACTERS = 4 * (MAX_REQUEST_BYTES + 4096) // 3
"""The largest image in base64, and what a form or JSON needs around it.

The service's own limit of an event is 6 MB.
Source: AWS Lambda Developer Guide, Lambda quotas,
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

_MAX_PARTS = 32
_MAX_LEAD_BYTES = 4096
"""Bounds of a form, which has few fields with short headers."""

_CONNECT_TIMEOUT_SECONDS = 1
_OBJECT_TIMEOUT_SECONDS = 5
_ANSWER_TIMEOUT_SECONDS = 20
_MAX_ATTEMPTS = 1
"""An API Gateway waits 29 s: within them, S3 and then the endpoint are each asked once, and there
is time to say what went wrong.

Source: Amazon API Gateway Developer Guide, quotas, "Integration timeout",
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the function may reach."""

    endpoint_name: str
    allowed_buckets: frozenset[str]
    """Buckets whose objects a caller may name; with none, callers send the image itself."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings in ENDPOINT_NAME and ALLOWED_BUCKETS."""
        buckets = environment.get("ALLOWED_BUCKETS", "").split(",")
        return cls(
            endpoint_name=environment["ENDPOINT_NAME"],
            allowed_buckets=frozenset(name.strip() for name in buckets if name.strip()),
        )


class RefusedRequest(Exception):  # noqa: N818 - the cause, not the class, is the word
    """A request that is not passed on; the message is the sentence of the answer."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def respond(
    event: Mapping[str, Any], *, s3: Any, sagemaker_runtime: Any, settings: Settings
) -> dict[str, Any]:
    """Answer the event.

    Args:
        event: The event, as described above.
        s3: An S3 client.
        sagemaker_runtime: A SageMaker Runtime client.
        settings: What may be reached.
    """
    try:
        headers = {name.lower(): text for name, text in (event.get("headers") or {}).items()}
        _check_method(event)
        inference_id = _inference_id(headers)
        image = _image(event, headers, s3, settings)
        client = Client(settings.endpoint_name, runtime=sagemaker_runtime)
        answer = client.predict(image, inference_id=inference_id)
    except RefusedRequest as error:
        return _refusal(error.status, str(error))
    except PredictionError as error:
        return _no_answer(error)
    except BotoCoreError:
        logger.exception("A service could not be reached.")
        return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "The endpoint cannot be reached now.")
    except Exception:  # the one place that answers for whatever went wrong
        logger.exception("A request failed.")
        return _refusal(
            HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed through no fault of the caller."
        )
    return _response(HTTPStatus.OK, answer)


def _check_method(event: Mapping[str, Any]) -> None:
    http = event.get("requestContext", {}).get("http", {})
    method = event.get("httpMethod") or http.get("method")
    if method != "POST":
        raise RefusedRequest(HTTPStatus.METHOD_NOT_ALLOWED, f"Send an image by POST, not {method}.")


def _inference_id(headers: Mapping[str, str]) -> str | None:
    inference_id = headers.get(INFERENCE_ID_HEADER)
    try:
        check_inference_id(inference_id)
    except ValueError as error:
        raise RefusedRequest(HTTPStatus.BAD_REQUEST, str(error)) from error
    return inference_id


def _image(
    event: Mapping[str, Any], headers: Mapping[str, str], s3: Any, settings: Settings
) -> bytes:
    content_type = headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == _JSON:
        return _image_in_json(_body(event), s3, settings)
    if media_type == _FORM:
        return _image_in_form(_body(event), content_type)
    if media_type in IMAGE_CONTENT_TYPES:
        if not event.get("isBase64Encoded"):
            raise RefusedRequest(
                HTTPStatus.BAD_REQUEST,
                "The image arrived as text, which damages it: let the gateway treat "
                f"'{media_type}' as binary, or send JSON.",
            )
        return _body(event)
    supported = ", ".join((_JSON, _FORM, *IMAGE_CONTENT_TYPES))
    raise RefusedRequest(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"Unsupported content type '{media_type}'. Supported: {supported}.",
    )


def _body(event: Mapping[str, Any]) -> bytes:
    text: str = event.get("body") or ""
    if len(text) > _MAX_BODY_CHARACTERS:
        raise RefusedRequest(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has {len(text)} characters; at most {_MAX_BODY_CHARACTERS} are read.",
        )
    return _decoded(text, "body") if event.get("isBase64Encoded") else text.encode(errors="replace")


def _image_in_json(body: bytes, s3: Any, settings: Settings) -> bytes:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedRequest(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from error
    match document:
        case {"image": str(text), **others} if not others:
            return _decoded(text, "value of 'image'")
        case {"s3_uri": str(uri), **others} if not others:
            return _object(uri, s3, settings)
    raise RefusedRequest(
        HTTPStatus.BAD_REQUEST,
        'The JSON body must be {"image": "<base64>"} or {"s3_uri": "s3://<bucket>/<key>"}.',
    )


def _decoded(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedRequest(HTTPStatus.BAD_REQUEST, f"The {what} is not base64.") from error


def _object(uri: str, s3: Any, settings: Settings) -> bytes:
    try:
        place = bucket_and_key(uri)
    except ValueError as error:
        raise RefusedRequest(HTTPStatus.BAD_REQUEST, str(error)) from error
    if place["Bucket"] not in settings.allowed_buckets:
        raise RefusedRequest(
            HTTPStatus.FORBIDDEN, f"Objects of bucket '{place['Bucket']}' may not be named here."
        )
    try:
        found = s3.get_object(**place)
    except ClientError as error:
        logger.warning("%r cannot be read: %s", uri, error)
        if error.response["ResponseMetadata"]["HTTPStatusCode"] < HTTPStatus.INTERNAL_SERVER_ERROR:
            # S3 also says 403 of an object that is not there; the log has its words.
            status, message = HTTPStatus.NOT_FOUND, f"There is no object '{uri}' to be read here."
        else:
            status, message = HTTPStatus.SERVICE_UNAVAILABLE, "Objects cannot be read now."
        raise RefusedRequest(status, message) from error
    with found["Body"] as stream:
        num_bytes = found["ContentLength"]
        if num_bytes > MAX_REQUEST_BYTES:
            raise RefusedRequest(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"Object '{uri}' has {num_bytes} bytes; an endpoint takes at most "
                f"{MAX_REQUEST_BYTES}.",
            )
        content: bytes = stream.read(num_bytes)
    return content


def _image_in_form(body: bytes, content_type: str) -> bytes:
    """The content of the form's one file.

    Only the headers of the parts are parsed: a parser of mail would look for forms in forms, and
    take minutes where a body is made for that.

    Source: RFC 7578, Returning Values from Forms: multipart/form-data,
    https://www.rfc-editor.org/rfc/rfc7578
    """
    head = Message()
    head["Content-Type"] = content_type
    delimiter = f"\r\n--{head.get_boundary('')}".encode(errors="replace")
    _, *parts = (b"\r\n" + body).split(delimiter, _MAX_PARTS)
    if not parts or not parts.pop().startswith(b"--"):
        raise RefusedRequest(
            HTTPStatus.BAD_REQUEST,
            f"The form is cut off, lacks its boundary, or has {_MAX_PARTS} parts or more.",
        )
    files = []
    for part in parts:
        lead, _, content = part.partition(b"\r\n\r\n")
        if BytesHeaderParser().parsebytes(lead[:_MAX_LEAD_BYTES].lstrip()).get_filename():
            files.append(content)
    if len(files) != 1:
        raise RefusedRequest(
            HTTPStatus.BAD_REQUEST, f"The form must hold one file; it holds {len(files)}."
        )
    return files[0]


def _no_answer(error: PredictionError) -> dict[str, Any]:
    """The model's refusal, passed on; of its faults, only that there was one."""
    if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _refusal(error.status, str(error))
    logger.error("The endpoint failed with status %d: %s", error.status, error)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return _refusal(error.status, "The endpoint is not available now.")
    return _refusal(HTTPStatus.BAD_GATEWAY, "The endpoint failed.")


def _refusal(status: int, message: str) -> dict[str, Any]:
    response = _response(status, {"error": message})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        response["headers"]["Allow"] = "POST"
    return response


def _response(status: int, document: Mapping[str, float | str]) -> dict[str, Any]:
    return {
        "statusCode": int(status),
        "headers": {"Content-Type": _JSON},
        "body": json.dumps(document, sort_keys=True),
        "isBase64Encoded": False,
    }


@cache
def _clients() -> tuple[Any, Any]:
    """Clients of S3 and SageMaker Runtime, which outlive the request."""
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _MAX_ATTEMPTS},
    )
    s3 = Config(read_timeout=_OBJECT_TIMEOUT_SECONDS)
    sagemaker_runtime = Config(read_timeout=_ANSWER_TIMEOUT_SECONDS)
    return (
        boto3.client("s3", config=config.merge(s3)),
        boto3.client("sagemaker-runtime", config=config.merge(sagemaker_runtime)),
    )


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Entry point on AWS Lambda."""
    s3, sagemaker_runtime = _clients()
    settings = Settings.from_environment(os.environ)
    return respond(event, s3=s3, sagemaker_runtime=sagemaker_runtime, settings=settings)
