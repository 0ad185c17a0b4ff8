"""Tests of pipelines.local.serving.server."""

import fcntl
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.local.processes import JobServer
from pipelines.local.serving import server
from pipelines.local.serving.records import (
    LOCK_FILE,
    STATE_FILE,
    EndpointStatus,
    State,
    Variant,
    Wanted,
    is_alive,
)
from tests.unit.pipelines.local.definitions import full_disk, has_ended
from tests.unit.pipelines.local.models import archive
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

FINAL = {EndpointStatus.IN_SERVICE, EndpointStatus.FAILED}

WHO = """
import os, time
def model_fn(model_dir):
    while not os.path.exists(os.environ.get("AWAITED", "/")):
        time.sleep(0.01)
    return os.environ["NAME"]
def transform_fn(model, body, content_type, accept):
    if body:
        open(bytes(body) + b".begun", "w").close()
        while not os.path.exists(bytes(body)):
            time.sleep(0.01)
    return f"{model} {os.getpid()}", "text/plain"
"""

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/captured",
    "CaptureOptions": [{"CaptureMode": "Output"}],
}


@pytest.fixture
def directory(root: Path) -> Path:
    """Folder of the endpoint `dogs`."""
    folder = root / "endpoints" / "dogs"
    folder.mkdir(parents=True)
    return folder


def want(directory: Path, name: str, *, code: str = WHO, **environment: str) -> str:
    """Let a model that answers with a name be wanted; the id of the deployment."""
    path = directory / f"{name}.tar.gz"
    path.write_bytes(archive(code))
    wanted = Wanted(
        id=secrets.token_hex(4),
        endpoint="dogs",
        config_name=name,
        variants=(
            Variant(
                name="AllTraffic",
                weight=1.0,
                model_name=name,
                model_package_arn="",
                archive=str(path),
                environment={"NAME": name, **environment},
                samples_dir="",
            ),
        ),
        capture=CAPTURE,
    )
    wanted.write(directory)
    return wanted.id


def final_state(directory: Path, wanted_id: str) -> State:
    """The state that answers a deployment, when it is final."""

    def final() -> State | None:
        state = State.read(directory)
        is_final = state is not None and state.wanted_id == wanted_id and state.status in FINAL
        return state if is_final else None

    return wait_until(final)


def ask(state: State, body: str = "") -> tuple[str, int]:
    """The name that answers, and its process."""
    connection = http.client.HTTPConnection("127.0.0.1", state.port, timeout=SECONDS)
    try:
        connection.request("POST", "/endpoints/dogs/invocations", body)
        response = connection.getresponse()
        answer = response.read().decode()
    finally:
        connection.close()
    assert response.status == 200, answer
    name, _, pid = answer.partition(" ")
    return name, int(pid)


@pytest.fixture
def start(directory: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts processes of the endpoint, and kills those that the test leaves."""
    started: list[subprocess.Popen[bytes]] = []

    def call() -> subprocess.Popen[bytes]:
        with (directory / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "pipelines.local.serving.server", str(directory)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        process.wait()


Start = Callable[[], subprocess.Popen[bytes]]


def test_the_life_of_an_endpoint(directory: Path, start: Start) -> None:
    """It starts, goes over to another configuration, and ends with nothing left but its files."""
    first = want(directory, "first")
    process = start()
    before = final_state(directory, first)
    name, first_pid = ask(before)
    second = want(directory, "second")
    process.send_signal(signal.SIGHUP)
    after = final_state(directory, second)
    renamed, second_pid = ask(after)

    process.terminate()
    code = process.wait(SECONDS)

    assert code == 0
    assert (name, renamed) == ("first", "second")
    assert (before.status, before.config_name) == (EndpointStatus.IN_SERVICE, "first")
    assert (after.status, after.config_name) == (EndpointStatus.IN_SERVICE, "second")
    assert before.pid == after.pid == process.pid
    assert before.port == after.port
    assert before.created == after.created <= before.modified < after.modified
    assert has_ended(first_pid)
    assert has_ended(second_pid)
    assert not is_alive(directory)
    assert not (directory / "models").exists()
    files = (directory.parents[1] / "s3/bucket/captured/dogs").rglob("*.jsonl")
    assert sum(len(file.read_text().splitlines()) for file in files) == 2


def test_a_killed_process_leaves_no_other_and_is_found_dead(directory: Path, start: Start) -> None:
    """The next process takes over the port and the date of the first."""
    process = start_and_kill(directory, start)
    killed = State.read(directory)
    assert killed is not None
    alive = is_alive(directory)

    again = want(directory, "again")
    restarted = start()
    state = final_state(directory, again)

    assert process.returncode == -signal.SIGKILL
    assert not alive
    assert ask(state)[0] == "again"
    assert state.pid == restarted.pid
    assert (state.port, state.created) == (killed.port, killed.created)


def start_and_kill(directory: Path, start: Start) -> subprocess.Popen[bytes]:
    """A process that answered and was killed; so was its model."""
    wanted = want(directory, "killed")
    process = start()
    _, pid = ask(final_state(directory, wanted))
    process.kill()
    process.wait()
    assert has_ended(pid)
    return process


class InProcess:
    """The server in this process, and another thread that plays the deployer."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.errors: list[BaseException] = []
        self._is_told = False

    def end(self) -> None:
        """Tell the server to end, once: nobody heeds the signal after that."""
        if not self._is_told and is_alive(self.directory):
            self._is_told = True
            os.kill(os.getpid(), signal.SIGTERM)

    def run(self, play: Callable[[], None]) -> None:
        """Serve until the play is over."""

        def run() -> None:
            try:
                play()
            except BaseException as error:  # noqa: BLE001 - it is the test's own
                self.errors.append(error)
            self.end()

        player = threading.Thread(target=run)
        player.start()
        try:
            server.main()
        finally:
            player.join(SECONDS)
        if self.errors:
            raise self.errors[0]


@pytest.fixture
def in_process(directory: Path, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """A server in this process whose job server loads nothing."""
    monkeypatch.setattr(server, "JobServer", lambda: JobServer(modules=[]))
    monkeypatch.setattr(sys, "argv", ["server", str(directory)])
    return InProcess(directory)


def is_closed(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def hang_up() -> None:
    """Tell this process that something is wanted."""
    os.kill(os.getpid(), signal.SIGHUP)


def test_a_first_version_that_does_not_work_ends_the_process(
    in_process: InProcess, directory: Path
) -> None:
    """The state says why, and stays."""
    wanted = want(directory, "broken", code="raise ValueError('no weights')")

    server.main()

    state = State.read(directory)
    assert state is not None
    assert (state.wanted_id, state.status, state.config_name, state.variants) == (
        wanted,
        EndpointStatus.FAILED,
        "",
        (),
    )
    assert state.failure_reason == "The model cannot be loaded: ValueError: no weights"
    assert not is_alive(directory)


def test_a_later_version_that_does_not_work_changes_nothing(
    in_process: InProcess, directory: Path
) -> None:
    """The endpoint stays in service with the old configuration, and says why."""
    first = want(directory, "first")

    def play() -> None:
        final_state(directory, first)
        second = want(directory, "broken", code="raise ValueError('no weights')")
        hang_up()
        state = final_state(directory, second)
        assert (state.status, state.config_name) == (EndpointStatus.IN_SERVICE, "first")
        assert state.failure_reason == "The model cannot be loaded: ValueError: no weights"
        assert ask(state)[0] == "first"
        third = want(directory, "third")
        hang_up()
        assert final_state(directory, third).failure_reason == ""

    in_process.run(play)


def test_a_full_disk_ends_no_endpoint(
    in_process: InProcess,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It answers, and goes on with the deployment when the state can be written."""
    monkeypatch.setattr(server, "_RETRY_SECONDS", 0.05)
    write = State.write
    is_full = threading.Event()

    def write_if_room(state: State, folder: Path) -> None:
        if is_full.is_set():
            raise OSError(28, "No space left on device")
        write(state, folder)

    monkeypatch.setattr(State, "write", write_if_room)
    first = want(directory, "first")

    def play() -> None:
        state = final_state(directory, first)
        is_full.set()
        second = want(directory, "second")
        hang_up()
        wait_until(lambda: "The state cannot be written: [Errno 28]" in caplog.text)
        assert ask(state)[0] == "first"
        is_full.clear()
        assert ask(final_state(directory, second))[0] == "second"

    in_process.run(play)


def test_a_full_disk_starts_no_endpoint(in_process: InProcess, directory: Path) -> None:
    """Nothing answers yet, so the reason is the end."""
    want(directory, "first")

    with full_disk(), pytest.raises(OSError, match="File too large"):
        server.main()


def test_a_mistake_of_ours_is_a_failure_too(
    in_process: InProcess,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever waits for the deployment must learn that it will not come."""

    async def go_over(*_: object) -> None:
        raise KeyError("mistake")

    monkeypatch.setattr(server.Endpoint, "go_over", go_over)
    want(directory, "first")

    server.main()

    state = State.read(directory)
    assert state is not None
    assert (state.status, state.failure_reason) == (EndpointStatus.FAILED, "KeyError: 'mistake'")
    assert "Configuration 'first'" in caplog.text


def test_a_signal_without_news_changes_nothing(in_process: InProcess, directory: Path) -> None:
    """A deployment is made once, however often it is told; the next one is heard."""
    first = want(directory, "first")

    def play() -> None:
        state = final_state(directory, first)
        answer = ask(state)
        hang_up()
        time.sleep(0.5)
        assert final_state(directory, first) == state
        assert ask(state) == answer
        assert list(directory.glob("models/*/ml/model/code"))
        second = want(directory, "second")
        hang_up()
        assert ask(final_state(directory, second))[0] == "second"

    in_process.run(play)


def test_what_is_wanted_meanwhile_comes_next(
    in_process: InProcess, directory: Path, tmp_path: Path
) -> None:
    """A deployment that arrives during another is not lost; the state says that one is going on."""
    first = want(directory, "first")

    def play() -> None:
        final_state(directory, first)
        second = want(directory, "second", AWAITED=str(tmp_path / "awaited"))
        hang_up()
        updating = wait_until(
            lambda: (state := State.read(directory)) and state.wanted_id == second and state
        )
        third = want(directory, "third")
        hang_up()
        (tmp_path / "awaited").touch()
        state = final_state(directory, third)
        assert (updating.status, updating.config_name) == (EndpointStatus.UPDATING, "first")
        assert ask(state)[0] == "third"

    in_process.run(play)


def test_what_is_wanted_of_a_failed_process_is_not_lost(
    in_process: InProcess, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever saw the lock when the process was about to end is served by it after all."""
    want(directory, "broken", code="raise ValueError('no weights')")
    unlock = server.locked
    later: list[str] = []

    @contextmanager
    def locked(path: Path) -> Iterator[Any]:
        with unlock(path) as lock:
            yield lock
            if not later:
                later.append(want(directory, "later"))

    monkeypatch.setattr(server, "locked", locked)

    def play() -> None:
        wait_until(lambda: later)
        assert ask(final_state(directory, later[0]))[0] == "later"

    in_process.run(play)


def test_a_second_process_leaves_the_first_alone(in_process: InProcess, directory: Path) -> None:
    """Whoever does not get the lock ends."""
    want(directory, "first")
    with (directory / LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        server.main()

    assert not (directory / STATE_FILE).exists()


def test_a_failed_endpoint_that_is_deleted_is_gone(
    in_process: InProcess, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wants anything of it any more."""
    want(directory, "broken", code="raise ValueError('no weights')")
    unlock = server.locked

    @contextmanager
    def locked(path: Path) -> Iterator[Any]:
        with unlock(path) as lock:
            yield lock
            (directory / "wanted.json").unlink()

    monkeypatch.setattr(server, "locked", locked)

    server.main()

    assert not is_alive(directory)


def test_a_process_whose_folder_is_gone_ends(
    in_process: InProcess, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another folder has taken its place, whose models are another process's."""
    monkeypatch.setattr(server, "_WATCH_SECONDS", 0.02)
    wanted = want(directory, "first")

    def play() -> None:
        other = directory.with_name("other")
        (other / "models" / "of-another").mkdir(parents=True)
        (other / LOCK_FILE).touch()
        final_state(directory, wanted)
        # Moved and not deleted: the process deletes its models from the folder at the same time.
        directory.rename(directory.with_name("moved"))
        other.rename(directory)

    in_process.run(play)

    paths = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))
    assert paths == [LOCK_FILE, "models", "models/of-another"]


def test_an_end_during_an_update_is_an_end(in_process: InProcess, directory: Path) -> None:
    """A model that takes long to load does not keep the process."""
    wanted = want(directory, "slow", AWAITED=str(directory / "never"))

    def play() -> None:
        wait_until(lambda: (state := State.read(directory)) and state.wanted_id == wanted)
        wait_until(lambda: list(directory.glob("models/*/ml/model/code")))

    started = time.monotonic()
    in_process.run(play)

    state = State.read(directory)
    assert state is not None
    assert state.status is EndpointStatus.CREATING
    assert time.monotonic() - started < SECONDS
    assert not list(directory.glob("models/*"))


def test_requests_in_flight_are_answered_before_the_end(
    in_process: InProcess, directory: Path, tmp_path: Path
) -> None:
    """SIGTERM closes the door; who is inside is served."""
    wanted = want(directory, "first")
    names: list[str] = []

    def play() -> None:
        state = final_state(directory, wanted)
        caller = threading.Thread(target=lambda: names.append(ask(state, f"{tmp_path}/end")[0]))
        caller.start()
        wait_until((tmp_path / "end.begun").exists)
        in_process.end()
        wait_until(lambda: is_closed(state.port))
        (tmp_path / "end").touch()
        caller.join(SECONDS)

    in_process.run(play)

    assert names == ["first"]


def test_the_port_of_before_may_be_taken(in_process: InProcess, directory: Path) -> None:
    """The endpoint then takes another one, and the state says which."""
    wanted = want(directory, "first")
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        State(
            wanted_id="",
            status=EndpointStatus.IN_SERVICE,
            config_name="",
            variants=(),
            failure_reason="",
            port=taken,
            pid=0,
            created="2026-11-21T09:00:00+00:00",
            modified="2026-11-21T09:00:00+00:00",
        ).write(directory)

        def play() -> None:
            state = final_state(directory, wanted)
            assert state.port != taken
            assert ask(state)[0] == "first"

        in_process.run(play)
