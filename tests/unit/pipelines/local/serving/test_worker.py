"""Tests of pipelines.local.serving.worker."""

import ast
import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.local.serving import worker
from pipelines.local.serving.worker import LENGTHS, TOKEN_VARIABLE, Model
from tests.waiting import SECONDS

STEPS = """
def model_fn(model_dir): return [model_dir]
def input_fn(body, content_type): return [type(body).__name__, bytes(body, "utf-8") if isinstance(body, str) else bytes(body), content_type]
def predict_fn(data, model): return [*data, *model]
def output_fn(prediction, accept): return repr([*prediction, accept])
"""  # noqa: E501 - one line for each function

Load = Callable[..., Model]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a model from the code of its module."""
    monkeypatch.syspath_prepend(tmp_path)

    def call(code: str, *, program: str = "handler_under_test.py", **variables: str) -> Model:
        name = program.removesuffix(".py")
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / f"{name}.py").write_text(code)
        return Model("/model", {"SAGEMAKER_PROGRAM": program, **variables})

    return call


def ask(
    model: Model,
    body: bytes = b"{}",
    content_type: str | None = "image/png",
    accept: str | None = "text/csv",
    custom_attributes: str | None = None,
) -> tuple[Mapping[str, Any], bytes]:
    """The header and the body of an answer."""
    request = {
        "content_type": content_type,
        "accept": accept,
        "custom_attributes": custom_attributes,
    }
    return model.answer(request, bytearray(body))


def test_the_script_imports_the_standard_library_alone() -> None:
    """The model's code must not see a library, or a version of it, that only our own code needs."""
    tree = ast.parse(Path(worker.__file__).read_text())
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }

    assert imported <= sys.stdlib_module_names


def test_three_functions_answer_in_turn(load: Load) -> None:
    """What one function returns is the next one's argument; bodies of images are a bytearray."""
    header, body = ask(load(STEPS))

    assert body.decode() == repr(["bytearray", b"{}", "image/png", "/model", "text/csv"])
    assert header == {"status": 200, "content_type": "text/csv", "custom_attributes": None}


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/json", "str"),
        ("text/csv", "str"),
        ("application/json; charset=utf-8", "bytearray"),
        ("image/png", "bytearray"),
        (None, "bytearray"),
    ],
)
def test_bodies_of_two_media_types_are_text(
    load: Load, content_type: str | None, kind: str
) -> None:
    """Only exactly JSON and CSV are decoded, as by the toolkit."""
    _, body = ask(load(STEPS), content_type=content_type)

    assert body.decode() == repr([kind, b"{}", content_type, "/model", "text/csv"])


def test_a_body_that_is_no_text_stays_bytes(load: Load) -> None:
    """The handler itself can refuse what claims to be JSON."""
    _, body = ask(load(STEPS), b"\xff", "application/json")

    assert body.decode() == repr(["bytearray", b"\xff", "application/json", "/model", "text/csv"])


@pytest.mark.parametrize("accept", [None, "", "*/*"])
def test_who_accepts_anything_gets_the_default(load: Load, accept: str | None) -> None:
    """The default is JSON, or what the container's variable says."""
    plain, _ = ask(load(STEPS), accept=accept)
    chosen, _ = ask(load(STEPS, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv"), accept=accept)

    assert plain["content_type"] == "application/json"
    assert chosen["content_type"] == "text/csv"


def test_a_function_with_one_more_parameter_gets_the_context(load: Load) -> None:
    """Each function of the contract may take the context as its last argument."""
    model = load(
        """
def pre_model_fn(model_dir, context): context.set_response_header(0, "A", "b")
def model_fn(model_dir, context): return context.system_properties["model_dir"]
def model_warmup_fn(model_dir, model, context): assert (model_dir, model) == ("/model", "/model")
def transform_fn(model, body, content_type, accept, context):
    context.set_response_status(code=418, phrase="I'm a teapot", idx=0)
    context.set_response_content_type(0, "text/html")
    name = "X-Amzn-SageMaker-Custom-Attributes"
    context.set_response_header(0, name, context.get_request_header(0, name) + "!")
    return sorted(context.get_all_request_header(0).items())
"""
    )

    header, body = ask(model, custom_attributes="who=me", accept="application/json")

    assert header == {
        "status": 418,
        "content_type": "application/json",
        "custom_attributes": "who=me!",
    }
    assert json.loads(body) == [
        ["Accept", "application/json"],
        ["Content-Type", "image/png"],
        ["X-Amzn-SageMaker-Custom-Attributes", "who=me"],
    ]


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ("b'abc'", b"abc"),
        ("bytearray(b'abc')", b"abc"),
        ("'\u00e4'", "ä".encode()),
        ("[1]", b"[\n  1\n]"),
    ],
    ids=["bytes", "bytearray", "text", "anything"],
)
def test_an_answer_can_be_bytes_text_or_json(load: Load, result: str, body: bytes) -> None:
    """The model server of the container encodes what is not bytes."""
    model = load(f"def model_fn(d): pass\ndef transform_fn(m, b, c, a): return {result}\n")

    assert ask(model)[1] == body


def test_a_pair_names_the_media_type_of_the_answer(load: Load) -> None:
    """A handler that chose another media type than it was asked for says so."""
    model = load("def model_fn(d): pass\ndef transform_fn(m, b, c, a): return b'x', 'text/x'\n")

    assert ask(model) == (
        {"status": 200, "content_type": "text/x", "custom_attributes": None},
        b"x",
    )


def test_an_error_is_status_500_with_its_traceback(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is how the toolkit answers; the log has the traceback too."""
    model = load("def model_fn(d): pass\ndef transform_fn(m, b, c, a): raise KeyError('no')\n")

    header, body = ask(model)

    assert header == {"status": 500, "content_type": None, "custom_attributes": None}
    message, _, trace = body.decode().partition("\n")
    assert message == "'no'"
    assert trace.startswith("Traceback (most recent call last):\n")
    assert trace.endswith("KeyError: 'no'\n")
    assert capsys.readouterr().err == trace


def test_the_error_of_the_toolkit_has_a_status_of_its_own(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its class is recognised by its attributes, for the toolkit is not here."""
    model = load(
        """
class BaseInferenceToolkitError(Exception):
    status_code, message, phrase = 415, "No such thing.", "Unsupported Media Type"
def model_fn(d): pass
def transform_fn(m, b, c, a): raise BaseInferenceToolkitError
"""
    )

    header, body = ask(model)

    assert header["status"] == 415
    assert body.decode().startswith("No such thing.\nTraceback (most recent call last):\n")
    assert capsys.readouterr().err == ""


def test_an_error_without_words_gets_those_of_the_toolkit(load: Load) -> None:
    """An empty message would leave the first line empty."""
    model = load("def model_fn(d): pass\ndef transform_fn(m, b, c, a): raise ValueError\n")

    assert ask(model)[1].startswith(b"Invalid Request\nTraceback")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "def model_fn(d): pass\n",
            "Module 'handler_under_test' lacks input_fn, output_fn, predict_fn; expected model_fn, "
            "and transform_fn or input_fn, predict_fn and output_fn.",
        ),
        (
            "def transform_fn(m, b, c, a): pass\n",
            "Module 'handler_under_test' lacks model_fn; expected model_fn, and transform_fn or "
            "input_fn, predict_fn and output_fn.",
        ),
        (
            "def model_fn(d): pass\ndef transform_fn(m, b, c, a): pass\ndef input_fn(b, c): pass\n",
            "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, "
            "and/or output_fn implementation",
        ),
        (
            "def model_fn(): pass\ndef transform_fn(m, b, c, a): pass\n",
            "model_fn takes 0 arguments but 1 were given.",
        ),
    ],
    ids=["no-steps", "no-model", "both", "arguments"],
)
def test_a_module_without_the_functions_cannot_be_loaded(
    load: Load, code: str, message: str
) -> None:
    """The message names what is missing or too much."""
    with pytest.raises((ValueError, TypeError)) as caught:
        load(code)

    assert str(caught.value) == message


def test_the_default_program_is_inference() -> None:
    """Without the variable, the module is the one that the toolkit looks for."""
    with pytest.raises(ValueError, match=r"^Module 'inference' lacks input_fn, model_fn, "):
        Model("/model", {})


class Owner:
    """The other end of the connections of a worker."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def accept(self) -> tuple[socket.socket, Any]:
        """A connection and what it says first."""
        connection, _ = self._listener.accept()
        connection.settimeout(SECONDS)
        return connection, self.receive(connection)[0]

    @staticmethod
    def receive(connection: socket.socket) -> tuple[Any, bytes]:
        """A frame."""
        stream = connection.makefile("rb")
        num_header, num_body = LENGTHS.unpack(stream.read(LENGTHS.size))
        return json.loads(stream.read(num_header)), stream.read(num_body)


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A listening owner, for a worker of two threads that is about to run in this process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        argv = ["worker.py", str(listener.getsockname()[1]), "2", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", argv)
        monkeypatch.setattr(sys, "path", ["/folder/of/the/script", str(tmp_path), *sys.path])
        monkeypatch.setenv(TOKEN_VARIABLE, "secret")
        monkeypatch.setenv("SAGEMAKER_PROGRAM", "program_under_test")
        monkeypatch.delitem(sys.modules, "program_under_test", raising=False)
        yield Owner(listener)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_each_thread_answers_until_the_owner_is_gone(owner: Owner, tmp_path: Path) -> None:
    """Every thread names the secret, which the model's code cannot see, and answers in order."""
    (tmp_path / "program_under_test.py").write_text(
        "import os, sys\n"
        "def model_fn(d): return [d, 'WORKER_TOKEN' in os.environ, sys.path[0]]\n"
        "def transform_fn(m, b, c, a): return [*m, len(b)]\n"
    )
    thread = threading.Thread(target=worker.main)
    thread.start()
    connections = [owner.accept() for _ in range(2)]
    large = b"x" * 3_000_000
    header = json.dumps({"content_type": None, "accept": None}).encode()

    answers = []
    for connection, _ in connections:
        connection.sendall(LENGTHS.pack(len(header), len(large)) + header + large)
        answers.append(owner.receive(connection))
    for connection, _ in connections:
        connection.close()
    thread.join(SECONDS)

    assert not thread.is_alive()
    assert [hello for _, hello in connections] == [{"token": "secret"}] * 2
    for answer, body in answers:
        assert answer["status"] == 200
        assert json.loads(body) == [str(tmp_path), False, str(tmp_path), 3_000_000]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_model_that_cannot_be_loaded_is_reported(owner: Owner, tmp_path: Path) -> None:
    """The owner learns the reason, and the log gets the traceback."""
    (tmp_path / "program_under_test.py").write_text("raise SystemExit('no weights')\n")

    hellos = []

    def listen() -> None:
        connection, hello = owner.accept()
        hellos.append(hello)
        connection.close()

    listening = threading.Thread(target=listen)
    listening.start()
    with pytest.raises(SystemExit, match="no weights"):
        worker.main()
    listening.join(SECONDS)

    assert hellos == [{"token": "secret", "failure": "SystemExit: no weights"}]
