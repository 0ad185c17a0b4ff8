"""HTTP of an endpoint: what its container offers, and the runtime API of the service.

```
GET  /ping                              200 once a version answers, before that 503
POST /invocations                       the container's own interface: inside the service, so never
                                        captured, and without the service's limits and errors
GET  /execution-parameters              what the container wishes of a batch transform
POST /endpoints/<name>/invocations      InvokeEndpoint; signatures are not checked
```

Only requests whose Host is this machine are answered, so that no web page can reach an endpoint by
a name of its own for 127.0.0.1.

Source: Amazon SageMaker AI API Reference, InvokeEndpoint,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import TypeAlias

from aiohttp import web

from inference.contract import MAX_BODY_BYTES, MAX_REQUEST_BYTES
from pipelines.local.jobs.machine import ACCOUNT
from pipelines.local.serving.capture import Body, CaptureWriter, Exchange
from pipelines.local.serving.endpoint import Endpoint, ServedVariant, Version
from pipelines.local.serving.model_process import Answer
from pipelines.local.serving.records import LOG_FILE

_MAX_TRANSFORM_MB = 100
"""MaxConcurrentTransforms times MaxPayloadInMB must not be more.

Source: Amazon SageMaker AI API Reference, CreateTransformJob, MaxPayloadInMB,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""

_READ_AHEAD_BYTES = 1024 * 1024
_LINGERING_SECONDS = 1.0
"""How long the rest of a body that is too long is read, so that the caller gets to the answer."""

_HOSTS = ("127.0.0.1", "localhost")
_RUNTIME_PATH = re.compile("/endpoints/(?P<name>[^/]+)/invocations")
_INFERENCE_ID = re.compile(r"\S[ -~]{0,63}")
_PREFIX = "X-Amzn-SageMaker-"
_CUSTOM_ATTRIBUTES = f"{_PREFIX}Custom-Attributes"
_INFERENCE_ID_HEADER = f"{_PREFIX}Inference-Id"
_TARGET_VARIANT = f"{_PREFIX}Target-Variant"
_INVOKED_VARIANT = "x-Amzn-Invoked-Production-Variant"
_NOT_HERE = tuple(
    f"{_PREFIX}{word}"
    for word in (
        "Target-Model", "Target-Container-Hostname", "Enable-Explanations", "Inference-Component",
        "Session-Id",
    )
)  # fmt: skip
"""Headers of what one container with one model does not have."""


_Respond: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.Response]]


class _ServiceError(Exception):
    """An error of the service, in the shape in which its clients read it."""

    def __init__(self, status: int, code: str, message: str, **members: object) -> None:
        super().__init__(message)
        self.response = web.json_response(
            {"Message": message, **members}, status=status, headers={"x-amzn-ErrorType": code}
        )


def build_runner(
    endpoint: Endpoint,
    writer: CaptureWriter,
    *,
    now: Callable[[], datetime],
    finish_seconds: float,
) -> web.ServerRunner:
    """The HTTP server of an endpoint, to be set up and given a socket in the loop that runs.

    Args:
        endpoint: Answers the requests.
        writer: Writes captured data.
        now: The time, UTC.
        finish_seconds: How long requests in flight may take when it ends.
    """
    server = web.Server(
        _Routes(endpoint, writer, now).answer,
        access_log=None,
        auto_decompress=False,  # The container gets what the caller sent, and so does the capture.
        lingering_time=_LINGERING_SECONDS,
        read_bufsize=_READ_AHEAD_BYTES,
    )
    return web.ServerRunner(server, shutdown_timeout=finish_seconds)


class _Routes:
    """Answers requests by path: aiohttp's own router would add a tenth to what a request costs."""

    def __init__(
        self, endpoint: Endpoint, writer: CaptureWriter, now: Callable[[], datetime]
    ) -> None:
        self._endpoint = endpoint
        self._writer = writer
        self._now = now
        self._routes: dict[str, tuple[str, _Respond]] = {
            "/ping": ("GET", self.ping),
            "/execution-parameters": ("GET", self.execution_parameters),
            "/invocations": ("POST", self.invocations),
        }

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer a request; errors get short JSON, and strange hosts nothing else."""
        try:
            if request.host.partition(":")[0] not in _HOSTS:
                raise web.HTTPMisdirectedRequest
            method, respond = self._route(request.path)
            if request.method != method:
                raise web.HTTPMethodNotAllowed(request.method, [method])
            return await respond(request)
        except _ServiceError as error:
            return error.response
        except web.HTTPException as error:
            message = (error.text or "").removeprefix(f"{error.status}: ")
            allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return web.json_response({"message": message}, status=error.status, headers=allowed)

    def _route(self, path: str) -> tuple[str, _Respond]:
        runtime = _RUNTIME_PATH.fullmatch(path)
        if runtime is not None:
            return "POST", partial(self.invoke_endpoint, runtime["name"])
        if path not in self._routes:
            raise web.HTTPNotFound
        return self._routes[path]

    async def ping(self, request: web.BaseRequest) -> web.Response:
        version = self._endpoint.version
        is_ready = version is not None and version.is_ready
        return web.Response(status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)

    async def execution_parameters(self, request: web.BaseRequest) -> web.Response:
        num_threads = min(self._endpoint.num_threads, _MAX_TRANSFORM_MB)
        return web.json_response(
            {
                "BatchStrategy": "SINGLE_RECORD",
                "MaxConcurrentTransforms": num_threads,
                "MaxPayloadInMB": _MAX_TRANSFORM_MB // num_threads,
            }
        )

    async def invocations(self, request: web.BaseRequest) -> web.Response:
        body = await _read(request, MAX_BODY_BYTES)
        version = self._endpoint.version
        served = version.choose(None) if version is not None else None
        if served is None:
            raise web.HTTPServiceUnavailable
        return _respond(await _invoke(served, request, body))

    async def invoke_endpoint(self, name: str, request: web.BaseRequest) -> web.Response:
        time = self._now()
        headers = request.headers
        inference_id = headers.get(_INFERENCE_ID_HEADER)
        if inference_id is not None and not _INFERENCE_ID.fullmatch(inference_id):
            raise _invalid(
                f"InferenceId '{inference_id}' is not valid; expected 1 to 64 printable "
                "characters, and no space first."
            )
        for header in _NOT_HERE:
            if header in headers:
                raise _invalid(
                    f"Header '{header}' is for endpoints with several models or sessions."
                )
        body = await _read(request, MAX_REQUEST_BYTES)
        version, served = self._choose(name, headers.get(_TARGET_VARIANT))
        answer = await _invoke(served, request, body)
        if not answer.is_success:
            raise _model_error(answer)
        variant = served.variant.name
        if version.capture is not None:
            record = version.capture.record(
                Exchange(
                    variant=variant,
                    request=Body(content_type=headers.get("Content-Type"), data=body),
                    answer=Body(content_type=answer.content_type, data=answer.body),
                    inference_id=inference_id,
                    custom_attributes=headers.get(_CUSTOM_ATTRIBUTES),
                    time=time,
                )
            )
            if record is not None:
                self._writer.put(record)
        return _respond(answer, {_INVOKED_VARIANT: variant})

    def _choose(self, name: str, target: str | None) -> tuple[Version, ServedVariant]:
        version = self._endpoint.version
        if name != self._endpoint.name or version is None:
            raise _invalid(f"Endpoint {name} of account {ACCOUNT} not found.")
        served = version.choose(target)
        if served is not None:
            return version, served
        if target is not None:
            raise _invalid(f"Variant {target} not found for endpoint {name} of account {ACCOUNT}.")
        raise _invalid(f"No variant of endpoint {name} has a weight; name a TargetVariant.")


async def _read(request: web.BaseRequest, max_bytes: int) -> bytearray:
    """The body of a request, whether its length is announced or not.

    Raises:
        HTTPRequestEntityTooLarge: It is too long; not more than that is read.
        HTTPExpectationFailed: The caller waits for something else than to be asked for it.
    """
    body = bytearray()
    if (request.content_length or 0) <= max_bytes:
        await _ask_for_body(request)
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > max_bytes:
                break
        else:
            return body
    raise web.HTTPRequestEntityTooLarge(
        max_bytes, len(body), text=f"HTTP content length exceeded {max_bytes} bytes."
    )


async def _ask_for_body(request: web.BaseRequest) -> None:
    """Tell a caller that waits for it to send the body; curl does before a large one."""
    expectation = request.headers.get("Expect")
    if expectation is None:
        return
    if expectation.lower() != "100-continue":
        raise web.HTTPExpectationFailed
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # The answer is still to come.


async def _invoke(served: ServedVariant, request: web.BaseRequest, body: bytearray) -> Answer:
    headers = request.headers
    return await served.server.invoke(
        body, headers.get("Content-Type"), headers.get("Accept"), headers.get(_CUSTOM_ATTRIBUTES)
    )


def _respond(answer: Answer, headers: Mapping[str, str] | None = None) -> web.Response:
    optional = {"Content-Type": answer.content_type, _CUSTOM_ATTRIBUTES: answer.custom_attributes}
    given = {name: value for name, value in optional.items() if value is not None}
    return web.Response(
        status=answer.status, body=answer.body, headers={**given, **(headers or {})}
    )


def _invalid(message: str) -> _ServiceError:
    return _ServiceError(HTTPStatus.BAD_REQUEST, "ValidationError", message)


def _model_error(answer: Answer) -> _ServiceError:
    """ModelError, in the service's own words."""
    text = answer.body.decode(errors="replace")
    side = "client" if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server"
    return _ServiceError(
        HTTPStatus.FAILED_DEPENDENCY,
        "ModelError",
        f'Received {side} error ({answer.status}) from primary with message "{text}". '
        f"See {LOG_FILE} of the endpoint for more information.",
        OriginalStatusCode=answer.status,
        OriginalMessage=text,
    )
