"""Python callers of an endpoint: an image in, its labels out.

```
client = Client("image-classification")
answer = client.predict(Path("dog.jpg"), inference_id="order-17")
answer["predicted_label"], answer["probability"]
```

The endpoint is one of SageMaker's, found and signed for as boto3 is configured; or one of this
machine, where AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME is its URL: then no region and no credentials are
needed. The module runs where the caller does and is no part of a model package.
"""

import io
import json
import os
import re
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from inference.contract import (
    CONTENT_TYPE_BY_SUFFIX,
    IMAGE_CONTENT_TYPES,
    MAX_REQUEST_BYTES,
    RESPONSE_TYPES,
)

if TYPE_CHECKING:
    from PIL.Image import Image

Answer: TypeAlias = Mapping[str, float | str]
"""The response to one image; its fields are `inference.contract.response_fields`."""

URL_VARIABLE = "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"
_THIS_MACHINE = ("http://127.0.0.1:", "http://localhost:")

_INFERENCE_ID = re.compile(r"[!-~][ -~]{0,63}")
"""botocore does not check it.

Source: Amazon SageMaker AI API Reference, InvokeEndpoint, InferenceId,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

_MAX_ATTEMPTS = 5
_READ_TIMEOUT_SECONDS = 70
"""Source: the same page: what to set for a model that may take its whole minute."""

_RETRYABLE = {"InternalDependencyException": False, "ModelNotReadyException": True}
"""Errors of InvokeEndpoint that pass, and whether they ask for the longer waits of throttling.

botocore repeats throttled requests and those that fail with status 500, 502, 503 or 504. These two
have statuses 530 and 429, and nothing in its model of the service says that they pass.
"""

_CONCURRENT_REQUESTS = 4
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_FASTEST_COMPRESSION = 1

_ANY_IMAGE = IMAGE_CONTENT_TYPES[0]
_JSON = RESPONSE_TYPES[0]


class PredictionError(Exception):
    """An image got no answer; the message is the sentence that says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status: below 500 if the image or the request is to blame, 429 if there were too
        many of them."""


class Client:
    """Asks one endpoint. Threads may share a client."""

    def __init__(self, endpoint_name: str, *, runtime: Any = None) -> None:
        """Ask the endpoint of this name.

        Args:
            endpoint_name: Name of the endpoint.
            runtime: A SageMaker Runtime client of boto3; None for that of `runtime_client`.
        """
        self._endpoint_name = endpoint_name
        self._runtime = runtime_client() if runtime is None else runtime

    def predict(
        self,
        image: "str | Path | bytes | Image",
        *,
        inference_id: str | None = None,
        target_variant: str | None = None,
    ) -> Answer:
        """Classify one image.

        Args:
            image: Path of an image file; the content of one; or an image of Pillow, which is sent
                without loss.
            inference_id: Name of the request, by which its captured record is found again and
                matched with the truth: at most 64 printable ASCII characters.
            target_variant: Production variant to ask; None leaves the choice to the endpoint.

        Raises:
            PredictionError: The image is too large, the model refused it, or the endpoint still
                failed or was too busy after the last attempt.
            ValueError: The inference id is malformed.
            OSError: The file cannot be read.
            botocore.exceptions.ClientError: The service refused the caller: there is no such
                endpoint or variant, or no permission.
            botocore.exceptions.BotoCoreError: The service cannot be reached.
        """
        check_inference_id(inference_id)
        body, content_type = _encode(image)
        options = {"InferenceId": inference_id, "TargetVariant": target_variant}
        try:
            response = self._runtime.invoke_endpoint(
                EndpointName=self._endpoint_name,
                ContentType=content_type,
                Accept=_JSON,
                Body=body,
                **{name: value for name, value in options.items() if value is not None},
            )
        except ClientError as error:
            failure = _failure(error)
            if failure is None:
                raise
            raise failure from error
        return _answer(response["Body"].read())

    def predict_folder(
        self, directory: str | Path
    ) -> Iterator[tuple[Path, Answer | PredictionError | OSError]]:
        """Classify every image below a folder, a few at a time.

        Args:
            directory: The folder; its subfolders count too, files that are named unlike images
                do not.

        Returns:
            For each image, in the order of the paths: its path, and the answer or why there is
            none. What is wrong with the endpoint and not with an image is raised, as in `predict`.

        Raises:
            FileNotFoundError: The folder holds no images.
        """
        paths = sorted(
            path
            for path in Path(directory).rglob("*")
            if path.suffix.lower() in CONTENT_TYPE_BY_SUFFIX and path.is_file()
        )
        if not paths:
            names = ", ".join(f"*{suffix}" for suffix in sorted(CONTENT_TYPE_BY_SUFFIX))
            raise FileNotFoundError(f"No images found under '{directory}'. Expected: {names}.")
        return self._predict_all(paths)

    def _predict_all(
        self, paths: list[Path]
    ) -> Iterator[tuple[Path, Answer | PredictionError | OSError]]:
        pending: deque[tuple[Path, Future[Answer | PredictionError | OSError]]] = deque()
        with ThreadPoolExecutor(_CONCURRENT_REQUESTS) as pool:
            for path in paths:
                pending.append((path, pool.submit(self._try, path)))
                if len(pending) == _CONCURRENT_REQUESTS:
                    done, future = pending.popleft()
                    yield done, future.result()
            for done, future in pending:
                yield done, future.result()

    def _try(self, path: Path) -> Answer | PredictionError | OSError:
        try:
            return self.predict(path)
        except (PredictionError, OSError) as error:
            return error


def check_inference_id(inference_id: str | None) -> None:
    """Refuse an inference id that endpoints do not take.

    Raises:
        ValueError: It is malformed.
    """
    if inference_id is not None and not _INFERENCE_ID.fullmatch(inference_id):
        raise ValueError(
            f"Inference id {inference_id!r} is not of the form that endpoints take: 1 to 64 "
            "printable ASCII characters, the first of them no space."
        )


def runtime_client(*, url: str | None = None, region: str | None = None) -> Any:
    """A SageMaker Runtime client that waits and repeats what is throttled or not ready yet.

    Requests to an endpoint of this machine are not signed and pass by any proxy.

    Args:
        url: Where endpoints are; None for what the environment says.
        region: Region of the endpoints; None for what boto3 is configured with.
    """
    options: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": _MAX_ATTEMPTS},
        "read_timeout": _READ_TIMEOUT_SECONDS,
    }
    if (url or os.environ.get(URL_VARIABLE, "")).startswith(_THIS_MACHINE):
        options |= {"signature_version": UNSIGNED, "proxies": {}, "region_name": "local"}
    runtime = boto3.client(
        "sagemaker-runtime", endpoint_url=url, region_name=region, config=Config(**options)
    )
    for shape in runtime.meta.service_model.operation_model("InvokeEndpoint").error_shapes:
        if shape.name in _RETRYABLE:
            shape.metadata["retryable"] = {"throttling": _RETRYABLE[shape.name]}
    return runtime


def _encode(image: "str | Path | bytes | Image") -> tuple[bytes, str]:
    """The body of a request and its media type."""
    if isinstance(image, str | Path):
        path = Path(image)
        _check_size(path.stat().st_size)
        return path.read_bytes(), CONTENT_TYPE_BY_SUFFIX.get(path.suffix.lower(), _ANY_IMAGE)
    if isinstance(image, bytes):
        _check_size(len(image))
        return image, _ANY_IMAGE
    if image.mode.startswith("I"):
        image = image.convert("I;16")
    elif image.mode not in _PNG_MODES:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    buffer = io.BytesIO()
    # The orientation goes along: Pillow does not turn what it opens, and the model does.
    image.save(buffer, "PNG", compress_level=_FASTEST_COMPRESSION, exif=image.getexif())
    _check_size(buffer.tell())
    return buffer.getvalue(), CONTENT_TYPE_BY_SUFFIX[".png"]


def _check_size(num_bytes: int) -> None:
    if num_bytes > MAX_REQUEST_BYTES:
        raise PredictionError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The image has {num_bytes} bytes; an endpoint takes at most {MAX_REQUEST_BYTES}. "
            "Scale it down, or score it with a batch transform.",
        )


def _failure(error: ClientError) -> PredictionError | None:
    """What went wrong with one request; None if it is the caller whom the service refused."""
    reason = error.response["Error"]
    if reason["Code"] == "ModelError":
        status = error.response["OriginalStatusCode"]
        return PredictionError(status, _sentence(error.response["OriginalMessage"], status))
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if reason["Code"].startswith("Throttl"):
        status = HTTPStatus.TOO_MANY_REQUESTS
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    return PredictionError(
        status, f"The endpoint gave no answer: {reason['Code']} {reason['Message']}".rstrip()
    )


def _sentence(body: str, status: int) -> str:
    """The handler's sentence; a body that is none of the handler's may be a whole traceback."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, LookupError, TypeError):
        return f"The model failed with status {status} and no sentence of its own."


def _answer(body: bytes) -> Answer:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise PredictionError(
            HTTPStatus.BAD_GATEWAY, "The endpoint's answer is no JSON object: it has another model."
        )
    return answer
