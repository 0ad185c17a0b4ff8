"""Tests of pipelines.local.serving.model_server and model_process."""

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import threading
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.local.errors import StepFailed, TransientFault
from pipelines.local.processes import Command, JobProcess, JobServer
from pipelines.local.serving import model_server
from pipelines.local.serving.model_process import Answer, ModelProcess
from pipelines.local.serving.model_server import ModelServer
from pipelines.local.serving.worker import LENGTHS
from tests.unit.pipelines.local.definitions import has_ended
from tests.unit.pipelines.local.models import ECHO, archive
from tests.waiting import SECONDS

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ANSWERS_ITS_PID = """
import os, time
def model_fn(model_dir): pass
def transform_fn(model, body, content_type, accept):
    command, _, argument = body.decode().partition(" ")
    if command == "sleep":
        time.sleep(float(argument))
    if command == "wait":
        open(argument + ".begun", "w").close()
        while not os.path.exists(argument):
            time.sleep(0.01)
    if command == "exit":
        os._exit(3)
    if command == "leave":
        raise SystemExit
    return str(os.getpid()), "text/plain"
"""

Build = Callable[..., ModelServer]


@pytest.fixture
def build(tmp_path: Path, server: JobServer) -> Build:
    """A model server for the code of a module."""

    def call(code: str | None = ANSWERS_ITS_PID, **options: Any) -> ModelServer:
        if code is not None:
            (tmp_path / "model.tar.gz").write_bytes(archive(code))
        settings: dict[str, Any] = {
            "archive": tmp_path / "model.tar.gz",
            "environment": {},
            "work_dir": tmp_path / "work",
            "log_path": tmp_path / "log.txt",
            "jobs": server,
            "num_threads": 2,
        }
        return ModelServer(**{**settings, **options})

    return call


def serve(
    model: ModelServer, talk: Callable[[ModelServer], Awaitable[Any]], **options: float
) -> Any:
    """Start a model server, talk to it and close it."""

    async def run() -> Any:
        await model.start(**options)
        try:
            return await talk(model)
        finally:
            await model.close(limit_seconds=5)

    return asyncio.run(run())


def ask(body: bytes, *arguments: Any) -> Callable[[ModelServer], Coroutine[Any, Any, Answer]]:
    """A talk of one request."""
    return lambda model: model.invoke(body, *(arguments or (None, None)))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that comes true in good time."""
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_request_is_answered_by_the_code_of_the_archive(build: Build, tmp_path: Path) -> None:
    """Body, media types and variables arrive, and the folder of the model is gone afterwards."""
    model = build(ECHO, environment={"SAGEMAKER_BATCH": "see /opt/ml/model"})

    answer = serve(model, ask(b"\x31", "image/png", "text/plain"))

    assert answer.is_success
    assert answer.content_type == "text/plain"
    assert json.loads(answer.body) == {
        "batch": f"see {tmp_path}/work/ml/model",
        "body": "1",
        "content_type": "image/png",
        "model": "first",
    }
    assert not (tmp_path / "work").exists()


def test_the_model_sees_nothing_of_the_runner(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither our packages nor the variables of this process are there."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    code = """
import importlib.util, json, os
def model_fn(model_dir): pass
def transform_fn(model, body, content_type, accept):
    names = ("inference.handler", "pipelines", "worker", "records")
    found = [name for name in names if importlib.util.find_spec(name.partition(".")[0])]
    return json.dumps([found, sorted(os.environ)])
"""

    found, variables = json.loads(serve(build(code), ask(b"")).body)

    # The module of the test is `inference.py`, so that name is the archive's own.
    assert found == ["inference.handler"]
    assert "AWS_SECRET_ACCESS_KEY" not in variables
    assert "WORKER_TOKEN" not in variables
    assert {"HOME", "OMP_NUM_THREADS", "PATH", "PYTHONPATH"} <= set(variables)


def test_requests_are_answered_side_by_side(build: Build) -> None:
    """Two threads wait for one another, which one could not; further requests wait for them."""
    code = """
import threading
meeting, lock, under_way = threading.Barrier(2), threading.Lock(), []
def model_fn(model_dir): pass
def transform_fn(model, body, content_type, accept):
    with lock:
        under_way.append(None)
        most = len(under_way)
    meeting.wait()
    with lock:
        under_way.pop()
    return str(most)
"""

    async def talk(model: ModelServer) -> list[Answer]:
        return list(await asyncio.gather(*(model.invoke(b"", None, None) for _ in range(6))))

    answers = serve(build(code, response_seconds=SECONDS), talk)

    assert [answer.status for answer in answers] == [200] * 6
    assert max(int(answer.body) for answer in answers) == 2


def test_a_process_that_dies_is_started_again(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """The request that it had fails with a sentence; later ones wait for the new process."""
    model = build()

    async def talk(model: ModelServer) -> tuple[bytes, Answer, bytes]:
        before = await model.invoke(b"", None, None)
        lost = await model.invoke(b"exit", None, None)
        after = await model.invoke(b"", None, None)
        return before.body, lost, after.body

    before, lost, after = serve(model, talk)

    assert before != after
    assert lost == Answer(
        status=500,
        content_type="application/json",
        body=b'{"code": 500, "message": '
        b'"The process that serves the model ended during the request."}',
    )
    assert not lost.is_success
    [record] = caplog.records
    assert record.message.endswith("model.tar.gz' is gone. It ended with exit code 3.")


def test_a_process_that_lasted_is_started_again_without_delay(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only processes that end again and again are started ever later."""
    pauses = []
    seconds = 0.0

    async def sleep(pause: float) -> None:
        pauses.append(pause)

    monkeypatch.setattr(model_server, "time", SimpleNamespace(monotonic=lambda: seconds))
    monkeypatch.setattr(model_server.asyncio, "sleep", sleep)

    async def talk(model: ModelServer) -> None:
        nonlocal seconds
        for lasting in (1.0, 1.0, 31.0):
            await model.invoke(b"", None, None)
            seconds += lasting
            await model.invoke(b"exit", None, None)
        await model.invoke(b"", None, None)

    serve(build(), talk)

    assert pauses == [0.1, 0.2, 0.1]


def test_a_thread_that_ends_takes_its_process_along(build: Build) -> None:
    """A handler that leaves its thread would leave one connection less forever."""

    async def talk(model: ModelServer) -> tuple[bytes, int, bytes]:
        before = await model.invoke(b"", None, None)
        lost = await model.invoke(b"leave", None, None)
        after = await model.invoke(b"", None, None)
        return before.body, lost.status, after.body

    before, status, after = serve(build(), talk)

    assert status == 500
    assert before != after


def test_a_request_that_takes_too_long_ends_the_process(build: Build) -> None:
    """Nothing else ends a handler that hangs; the next request is answered."""

    async def talk(model: ModelServer) -> tuple[bytes, Answer, bytes]:
        before = await model.invoke(b"", None, None)
        model._response_seconds = 0.5
        lost = await model.invoke(b"sleep 600", None, None)
        model._response_seconds = SECONDS
        return before.body, lost, (await model.invoke(b"", None, None)).body

    before, lost, after = serve(build(response_seconds=SECONDS), talk)

    assert json.loads(lost.body) == {
        "code": 500,
        "message": "The model did not answer within 0.5 s.",
    }
    assert has_ended(int(before))
    assert before != after


def test_a_request_that_is_given_up_ends_the_process(build: Build) -> None:
    """Its answer would otherwise be taken for that of the next request."""

    async def talk(model: ModelServer) -> tuple[bytes, bytes]:
        before = await model.invoke(b"", None, None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(model.invoke(b"sleep 30", None, None), 0.1)
        return before.body, (await model.invoke(b"", None, None)).body

    before, after = serve(build(), talk)

    assert before != after


def test_a_request_that_is_given_up_while_it_waits_harms_nobody(
    build: Build, tmp_path: Path
) -> None:
    """Only a request that is being answered ends the process."""

    async def talk(model: ModelServer) -> tuple[bytes, bytes]:
        busy = asyncio.create_task(model.invoke(f"wait {tmp_path}/end".encode(), None, None))
        await until((tmp_path / "end.begun").exists)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(model.invoke(b"", None, None), 0.1)
        (tmp_path / "end").touch()
        return (await busy).body, (await model.invoke(b"", None, None)).body

    before, after = serve(build(num_threads=1), talk)

    assert before == after


def test_a_request_that_no_thread_takes_is_refused(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has waited as long as it may; the one that is being answered is over its time too."""
    # However late the second one came, it finds no other process.
    monkeypatch.setattr(model_server, "_FIRST_PAUSE_SECONDS", SECONDS)

    async def talk(model: ModelServer) -> list[Answer]:
        requests = [model.invoke(b"sleep 30", None, None) for _ in range(2)]
        return list(await asyncio.gather(*requests))

    answers = serve(build(num_threads=1, response_seconds=0.4), talk)

    assert [json.loads(answer.body) for answer in answers] == [
        {"code": 500, "message": "The model did not answer within 0.4 s."},
        {"code": 503, "message": "The model could not take the request within 0.4 s."},
    ]


def test_a_long_queue_is_refused_at_once(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests beyond those that may wait are told so, instead of filling the memory."""
    monkeypatch.setattr(model_server, "MAX_WAITING", 1)

    async def talk(model: ModelServer) -> list[Answer]:
        requests = [model.invoke(b"sleep 0.2", None, None) for _ in range(3)]
        return list(await asyncio.gather(*requests))

    answers = serve(build(num_threads=1), talk)

    assert [answer.status for answer in answers] == [200, 200, 503]
    assert json.loads(answers[2].body) == {
        "code": 503,
        "message": "Too many requests wait for the model.",
    }


def test_closing_waits_for_requests(build: Build) -> None:
    """Every request that was made before is answered; then the process is gone."""
    model = build()

    async def run() -> list[Answer]:
        await model.start()
        requests = [asyncio.create_task(model.invoke(b"sleep 0.3", None, None)) for _ in range(4)]
        await asyncio.sleep(0)
        await model.close()
        return [request.result() for request in requests]

    answers = asyncio.run(run())

    assert [answer.status for answer in answers] == [200] * 4
    assert has_ended(int(answers[0].body))
    assert not model.is_ready


def test_closing_ends_requests_that_take_too_long(build: Build) -> None:
    """What is not answered by the limit fails."""
    model = build()

    async def run() -> Answer:
        await model.start()
        request = asyncio.create_task(model.invoke(b"sleep 30", None, None))
        await asyncio.sleep(0.1)
        await model.close(limit_seconds=0.1)
        return await request

    assert asyncio.run(run()).status == 500


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise ValueError('no weights')", "The model cannot be loaded: ValueError: no weights"),
        (
            "def model_fn(",
            'The model cannot be loaded: File "{model}/code/inference.py", line 1\n'
            "    def model_fn(\n                ^\nSyntaxError: '(' was never closed",
        ),
        (
            "import os\nos._exit(9)",
            "The process that was to load the model is gone. It ended with exit code 9.",
        ),
    ],
    ids=["error", "syntax", "crash"],
)
def test_a_model_that_cannot_be_loaded_says_why(
    build: Build, tmp_path: Path, code: str, reason: str
) -> None:
    """The reason is the model's own where it has one; nothing stays behind."""
    with pytest.raises(StepFailed) as caught:
        serve(build(code), ask(b""))

    assert str(caught.value) == reason.format(model=tmp_path / "work" / "ml" / "model")
    assert not (tmp_path / "work").exists()


def test_a_model_that_is_not_loaded_in_time_is_given_up(build: Build, tmp_path: Path) -> None:
    """A deployment does not wait forever."""
    with pytest.raises(StepFailed) as caught:
        serve(build("import time\ntime.sleep(60)"), ask(b""), limit_seconds=0.5)

    assert str(caught.value) == "The model was not loaded within 0.5 s."
    assert not (tmp_path / "work").exists()


def test_a_start_that_is_given_up_leaves_nothing(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even what the thread that unpacks the archive writes after that."""
    model = build()
    is_unpacking, may_go_on = threading.Event(), threading.Event()
    unpack = model_server.unpack

    def unpack_late(source: Path, directory: Path) -> None:
        is_unpacking.set()
        may_go_on.wait(SECONDS)
        unpack(source, directory)

    monkeypatch.setattr(model_server, "unpack", unpack_late)

    async def run() -> None:
        starting = asyncio.create_task(model.start())
        await until(is_unpacking.is_set)
        starting.cancel()
        await asyncio.wait([starting], timeout=0.1)
        may_go_on.set()
        await asyncio.wait([starting])

    asyncio.run(run())

    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("content", [None, b"no archive"], ids=["missing", "broken"])
def test_an_archive_that_cannot_be_unpacked_says_so(
    build: Build, tmp_path: Path, content: bytes | None
) -> None:
    """The message names the archive."""
    if content is not None:
        (tmp_path / "model.tar.gz").write_bytes(content)

    with pytest.raises(StepFailed) as caught:
        serve(build(None), ask(b""))

    message = str(caught.value)
    assert message.startswith(f"Archive '{tmp_path}/model.tar.gz' cannot be unpacked: ")
    assert not (tmp_path / "work").exists()


def test_a_job_server_that_is_closed_starts_no_model(build: Build) -> None:
    """Its reason is the reason."""
    closed = JobServer(modules=[])
    closed.close()

    with pytest.raises(TransientFault) as caught:
        serve(build(jobs=closed), ask(b""))

    assert str(caught.value) == "The job was killed because the runner is ending."


@pytest.mark.parametrize("num_steps", range(1, 8))
def test_a_start_that_is_given_up_leaves_no_port_open(num_steps: int, tmp_path: Path) -> None:
    """At whichever step of the event loop: asyncio's start_server alone would leave one."""
    closed = JobServer(modules=[])
    closed.close()
    gc.collect()  # What another test left is not of this one.

    async def run() -> None:
        starting = asyncio.create_task(
            ModelProcess(1).start(
                closed, tmp_path, environment={}, log_path=tmp_path / "log", limit_seconds=5
            )
        )
        for _ in range(num_steps):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait([starting])

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(run())
        gc.collect()

    assert [str(warning.message) for warning in caught] == []


def test_a_model_that_cannot_be_started_again_is_tried_again(
    build: Build, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """As soon as it can be loaded, requests are answered."""
    code = f"""
import os
def model_fn(model_dir):
    if os.path.exists({str(tmp_path / "broken")!r}):
        raise ValueError("broken")
def transform_fn(model, body, content_type, accept):
    return str(os.getpid())
"""

    async def talk(model: ModelServer) -> Answer:
        (tmp_path / "broken").touch()
        pid = int((await model.invoke(b"", None, None)).body)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: "started again" in caplog.text)
        assert not model.is_ready
        (tmp_path / "broken").unlink()
        return await model.invoke(b"", None, None)

    answer = serve(build(code), talk)

    assert answer.is_success
    assert (
        "It cannot be started again: The model cannot be loaded: ValueError: broken" in caplog.text
    )


def test_a_machine_without_room_for_a_process_is_tried_again(
    build: Build, server: JobServer, caplog: pytest.LogCaptureFixture
) -> None:
    """That passes, and then requests are answered."""
    errors = [OSError(11, "Resource temporarily unavailable")]

    class Jobs:
        def start(self, command: Command) -> JobProcess:
            if caplog.text and errors:
                raise errors.pop()
            return server.start(command)

    async def talk(model: ModelServer) -> Answer:
        await model.invoke(b"exit", None, None)
        return await model.invoke(b"", None, None)

    answer = serve(build(jobs=Jobs(), response_seconds=SECONDS), talk)

    assert answer.is_success
    assert "It cannot be started again: [Errno 11] Resource temporarily unavailable" in caplog.text


def test_a_stranger_is_refused(
    build: Build, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Whoever finds the port while the model is loaded needs the secret of the process."""
    caplog.set_level(logging.ERROR)
    hello = json.dumps({"token": "guessed"}).encode()
    frames = [
        LENGTHS.pack(len(hello), 0) + hello,
        LENGTHS.pack(2**32 - 1, 0),
        LENGTHS.pack(2, 0) + b"[]",
        b"short",
    ]
    code = f"""
import socket, sys
def model_fn(model_dir):
    answers = []
    for frame in {frames!r}:
        with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as stranger:
            stranger.sendall(frame)
            stranger.shutdown(socket.SHUT_WR)
            answers.append(stranger.recv(10))
    return answers
def transform_fn(model, body, content_type, accept): return repr(model)
"""

    answer = serve(build(code), ask(b""))

    assert answer.body == b"[b'', b'', b'', b'']"
    assert [record.message for record in caplog.records] == [
        "A connection that is not from the process of the model was refused."
    ] * 4


def test_nobody_can_connect_when_the_model_is_loaded(build: Build) -> None:
    """The port is closed as soon as each thread has its connection."""
    code = """
import sys
def model_fn(model_dir): return sys.argv[1]
def transform_fn(model, body, content_type, accept): return model
"""

    async def talk(model: ModelServer) -> None:
        port = int((await model.invoke(b"", None, None)).body)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    serve(build(code), talk)


def test_cores_decide_how_many_threads_there_are(build: Build) -> None:
    """Unless the number is given."""
    assert build(num_threads=None).num_threads == len(os.sched_getaffinity(0))
