"""Serves one model: calls the functions of its module as the serving toolkit does.

This file runs as a script, in a process of its own, and imports the standard library alone: the
model's code finds what is in the artifact's `code` folder, and the installed libraries.

    worker.py PORT NUM_THREADS MODEL_DIR          and in the environment: WORKER_TOKEN

Each thread connects to the owner of the process, on 127.0.0.1. Frames are, in both directions, two
lengths (`LENGTHS`), a JSON object and a body:

    worker    {"token", "failure"}                                  once, when the model is loaded
    owner     {"content_type", "accept", "custom_attributes"}       and the body of a request
    worker    {"status", "content_type", "custom_attributes"}       and the body of the answer

A module needs `model_fn`, and `transform_fn` or the other three: the toolkit's own functions for
TorchScript are not here. A function with a wrong number of parameters ends the worker at its start;
with the toolkit it fails every request. A body of a text type that is no text stays bytes; the
toolkit fails, unless the handler keeps it from decoding.

Source: sagemaker-pytorch-inference 2.0.25, sagemaker_inference/transformer.py; torchserve 0.12.0,
ts/context.py and ts/protocol/otf_message_handler.py.
"""

import contextlib
import importlib
import inspect
import json
import os
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

LENGTHS = struct.Struct(">II")
TOKEN_VARIABLE = "WORKER_TOKEN"  # noqa: S105 - the name, not the secret

_DEFAULT_PROGRAM = "inference.py"
_JSON = "application/json"
_TEXT_TYPES = (_JSON, "text/csv")
_CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_INTERNAL_SERVER_ERROR = 500
_FAREWELL_SECONDS = 5.0
_NUM_ARGUMENTS = {
    "pre_model_fn": 1,
    "model_fn": 1,
    "model_warmup_fn": 2,
    "transform_fn": 4,
    "input_fn": 2,
    "predict_fn": 2,
    "output_fn": 2,
}
_STEPS = ("input_fn", "predict_fn", "output_fn")

Header: TypeAlias = Mapping[str, Any]


class Context:
    """What a handler that asks for it learns of a request, and can say besides its answer."""

    def __init__(self, model_dir: str, request: Header) -> None:
        self.system_properties = {"model_dir": model_dir, "gpu_id": None, "batch_size": 1}
        self.status = 200
        self.response_headers: dict[str, str] = {}
        headers = {
            "Content-Type": request.get("content_type"),
            "Accept": request.get("accept"),
            _CUSTOM_ATTRIBUTES: request.get("custom_attributes"),
        }
        self._headers = {name: value for name, value in headers.items() if value is not None}

    def get_request_header(self, idx: int, key: str) -> str | None:
        """A header of the request; None without it."""
        return self._headers.get(key)

    def get_all_request_header(self, idx: int) -> dict[str, str]:
        """All headers of the request."""
        return self._headers

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        """Add a header to the answer; only custom attributes reach a caller of the endpoint."""
        self.response_headers[key.lower()] = value

    def set_response_content_type(self, idx: int, value: str) -> None:
        """Set the media type of the answer; the toolkit sets it again after the handler."""
        self.set_response_header(idx, "Content-Type", value)

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """Set the status of the answer."""
        self.status = code


class Model:
    """A loaded model, and the functions of its module."""

    def __init__(self, directory: str, environment: Mapping[str, str]) -> None:
        """Import the module that `SAGEMAKER_PROGRAM` names, and let it load the model.

        Raises:
            ValueError: The module lacks a function, or has one that excludes another.
            TypeError: A function takes a wrong number of arguments.
        """
        self._directory = directory
        self._default_accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", _JSON)
        name = environment.get("SAGEMAKER_PROGRAM", _DEFAULT_PROGRAM).removesuffix(".py")
        module = importlib.import_module(name)
        functions = {
            function: _taking_context(found, num_arguments)
            for function, num_arguments in _NUM_ARGUMENTS.items()
            if (found := getattr(module, function, None)) is not None
        }
        has_transform = "transform_fn" in functions
        if has_transform and functions.keys() & _STEPS:
            raise ValueError(
                "Cannot use transform_fn implementation in conjunction with "
                "input_fn, predict_fn, and/or output_fn implementation"
            )
        needed = {"model_fn", *(("transform_fn",) if has_transform else _STEPS)}
        if missing := sorted(needed - functions.keys()):
            raise ValueError(
                f"Module '{name}' lacks {', '.join(missing)}; expected model_fn, and transform_fn "
                "or input_fn, predict_fn and output_fn."
            )
        self._functions = functions
        self._transform = functions.get("transform_fn", self._transform_in_steps)
        context = Context(directory, {})
        if "pre_model_fn" in functions:
            functions["pre_model_fn"](directory, context)
        self._model = functions["model_fn"](directory, context)
        if "model_warmup_fn" in functions:
            functions["model_warmup_fn"](directory, self._model, context)

    def answer(self, request: Header, body: bytearray) -> tuple[Header, bytes]:
        """Answer a request, whatever the handler does with it."""
        context = Context(self._directory, request)
        try:
            content = self._answer(context, request, body)
        except Exception as error:  # noqa: BLE001 - the contract: an error becomes the answer
            content = _failed(context, error)
        header = {
            "status": context.status,
            "content_type": context.response_headers.get("content-type"),
            "custom_attributes": context.response_headers.get(_CUSTOM_ATTRIBUTES.lower()),
        }
        return header, content

    def _answer(self, context: Context, request: Header, body: bytearray) -> bytes:
        content_type, accept = request["content_type"], request["accept"]
        if not accept or accept == "*/*":
            accept = self._default_accept
        data: str | bytearray = body
        if content_type in _TEXT_TYPES:
            with contextlib.suppress(UnicodeDecodeError):
                data = body.decode()
        result = self._transform(self._model, data, content_type, accept, context)
        if isinstance(result, tuple):
            result, accept = result[0], result[1]
        context.set_response_content_type(0, accept)
        return _encoded(result)

    def _transform_in_steps(
        self, model: object, data: object, content_type: str | None, accept: str, context: Context
    ) -> object:
        inputs = self._functions["input_fn"](data, content_type, context)
        prediction = self._functions["predict_fn"](inputs, model, context)
        return self._functions["output_fn"](prediction, accept, context)


def main() -> None:
    """Load the model, then answer requests until the owner is gone."""
    port, num_threads, model_dir = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    hello = {"token": os.environ.pop(TOKEN_VARIABLE)}
    del sys.path[0]  # The folder of this script, which is no concern of the model's code.
    try:
        model = Model(model_dir, os.environ)
    except BaseException as error:
        reason = "".join(traceback.format_exception_only(error)).strip()
        with _connect(port) as connection:
            _send(connection, {**hello, "failure": reason}, b"")
            # The owner hangs up when it has read that; this process's end must not come first.
            connection.settimeout(_FAREWELL_SECONDS)
            with contextlib.suppress(OSError):
                connection.recv(1)
        raise
    threads = [
        threading.Thread(target=_serve, args=(model, port, hello)) for _ in range(num_threads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(model: Model, port: int, hello: Header) -> None:
    with _connect(port) as connection:
        _send(connection, hello, b"")
        while True:
            try:
                request, body = _receive(connection)
            except (EOFError, ConnectionError):  # The owner is done with this worker.
                return
            _send(connection, *model.answer(request, body))


def _taking_context(function: Callable[..., Any], num_arguments: int) -> Callable[..., Any]:
    """The function with one more argument, the context, which it gets if it has a place for it."""
    num_parameters = len(inspect.signature(function).parameters)
    if num_parameters == num_arguments:
        return lambda *arguments: function(*arguments[:-1])
    if num_parameters == num_arguments + 1:
        return function
    raise TypeError(
        f"{function.__name__} takes {num_parameters} arguments but {num_arguments} were given."
    )


def _encoded(result: object) -> bytes:
    if isinstance(result, bytes | bytearray):
        return bytes(result)
    return (result if isinstance(result, str) else json.dumps(result, indent=2)).encode()


def _failed(context: Context, error: Exception) -> bytes:
    """The toolkit's answer to an error: the status of its own error class or 500, and the trace."""
    trace = traceback.format_exc()
    status, message = _INTERNAL_SERVER_ERROR, str(error) or "Invalid Request"
    if hasattr(error, "status_code") and hasattr(error, "message") and hasattr(error, "phrase"):
        status, message = error.status_code, error.message
    else:
        sys.stderr.write(trace)
    context.set_response_status(status)
    return f"{message}\n{trace}".encode(errors="replace")


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _send(connection: socket.socket, header: Header, body: bytes) -> None:
    text = json.dumps(header).encode()
    connection.sendall(b"".join((LENGTHS.pack(len(text), len(body)), text, body)))


def _receive(connection: socket.socket) -> tuple[Header, bytearray]:
    num_header_bytes, num_body_bytes = LENGTHS.unpack(_read(connection, LENGTHS.size))
    header: Header = json.loads(_read(connection, num_header_bytes))
    return header, _read(connection, num_body_bytes)


def _read(connection: socket.socket, num_bytes: int) -> bytearray:
    content = bytearray(num_bytes)
    rest = memoryview(content)
    while rest:
        num_read = connection.recv_into(rest, 0, socket.MSG_WAITALL)
        if not num_read:
            raise EOFError
        rest = rest[num_read:]
    return content


if __name__ == "__main__":
    main()
