"""The command `endpoints`: lists, logs, and what is said of a process that died."""

import fcntl
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.local.serving.records import EndpointStatus, State, Variant

ARN = "arn:aws:sagemaker:local-machine:000000000000:model-package/dogs/{}"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default root."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".local"


def add(root: Path, name: str, *, reason: str = "", pid: int = 17) -> Path:
    """The folder of an endpoint with a log of three lines; no process holds it."""
    directory = root / "endpoints" / name
    directory.mkdir(parents=True, exist_ok=True)
    variants = tuple(
        Variant(
            name=f"V{number}",
            weight=1.0,
            model_name="m",
            model_package_arn=ARN.format(number),
            archive="",
            environment={},
            samples_dir="",
        )
        for number in (1, 2)
    )
    State(
        wanted_id="1",
        status=EndpointStatus.IN_SERVICE,
        config_name="config",
        variants=variants,
        failure_reason=reason,
        port=8080,
        pid=pid,
        created="2026-11-21T09:00:00+00:00",
        modified="2026-11-21T10:00:00.123+00:00",
    ).write(directory)
    (directory / "log.txt").write_text("one\ntwo\nthree\n")
    return directory


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Lock an endpoint as its process does."""
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_endpoints_are_listed_with_what_they_serve(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table has the packages and the URL of each; a failed deployment is told."""
    with held(add(root, "dogs", reason="the samples differ")):
        assert main(["endpoints"]) == 0
        table = capsys.readouterr()
        assert main(["endpoints", "list", "--root", str(root)]) == 0
        assert capsys.readouterr() == table
    assert table.out == (
        "NAME  STATUS     MODEL PACKAGE   URL                    CHANGED (UTC)\n"
        "dogs  InService  dogs/1, dogs/2  http://127.0.0.1:8080  2026-11-21 10:00:00\n"
    )
    assert table.err == "Endpoint 'dogs': its last deployment failed: the samples differ\n"


def test_a_process_that_died_is_reported(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without its process an endpoint is out of service; what to do next is said."""
    directory = add(root, "dogs")
    assert main(["endpoints"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1] == (
        "dogs  OutOfService  dogs/1, dogs/2  -    2026-11-21 10:00:00"
    )
    assert captured.err == (
        "Endpoint 'dogs' does not answer: its process 17 has ended. Start it again with "
        "'pipelines run deployment -p EndpointName=dogs', or remove it with "
        f"'pipelines endpoints stop dogs'. Its log is {directory / 'log.txt'}.\n"
    )


@pytest.mark.parametrize("words", [["--json"], ["--json", "list"], ["list", "--json"]])
def test_programs_read_json(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """The option means the same before and after the word `list`."""
    directory = add(root, "dogs")
    assert main(["endpoints", *words]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out) == [
        {
            "CreationTime": "2026-11-21T09:00:00+00:00",
            "EndpointArn": "arn:aws:sagemaker:local-machine:000000000000:endpoint/dogs",
            "EndpointConfigName": "config",
            "EndpointName": "dogs",
            "EndpointStatus": "OutOfService",
            "FailureReason": "",
            "IsAlive": False,
            "LastModifiedTime": "2026-11-21T10:00:00.123+00:00",
            "LogPath": str(directory / "log.txt"),
            "ModelPackageArns": [ARN.format(1), ARN.format(2)],
            "ProcessId": 17,
            "Url": "http://127.0.0.1:8080",
        }
    ]


def test_no_endpoints_are_an_empty_list(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is deployed, standard output stays empty and the next command is said."""
    assert main(["endpoints"]) == 0
    assert capsys.readouterr() == (
        "",
        "No endpoints under '.local'; deploy one with 'pipelines run deployment'.\n",
    )
    assert main(["endpoints", "--json"]) == 0
    assert capsys.readouterr() == ("[]\n", "")
    assert not root.exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], "one\ntwo\nthree\n", id="default"),
        pytest.param(["--lines", "2"], "two\nthree\n", id="two"),
        pytest.param(["--lines", "0"], "", id="none"),
        pytest.param(["--follow", "--lines", "1"], "three\n", id="follow the dead"),
    ],
)
def test_the_end_of_a_log_is_shown(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    """As many lines as asked for; of an endpoint that has ended there is nothing to follow."""
    add(root, "dogs")
    assert main(["endpoints", "logs", "dogs", *words]) == 0
    assert capsys.readouterr().out == expected


def test_a_log_is_followed_to_the_end(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """New lines come as they are written, the last ones too; with the process it ends."""
    directory = add(root, "dogs")
    steps = iter(["four\n", "", "five\n"])
    with (directory / "lock").open("w") as lock, (directory / "log.txt").open("a") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def sleep(_: float) -> None:
            step = next(steps)
            log.write(step)
            log.flush()
            if step == "five\n":
                fcntl.flock(lock, fcntl.LOCK_UN)

        monkeypatch.setattr(time, "sleep", sleep)
        assert main(["endpoints", "logs", "dogs", "--follow", "--lines", "1"]) == 0
    assert capsys.readouterr().out == "three\nfour\nfive\n"


def test_a_log_is_followed_until_interrupted(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C is how a person stops reading, and no failure."""

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with held(add(root, "dogs")):
        monkeypatch.setattr(time, "sleep", interrupt)
        assert main(["endpoints", "logs", "dogs", "--follow"]) == 0
    assert capsys.readouterr() == ("one\ntwo\nthree\n", "")


@pytest.mark.parametrize("words", [["dead", "alive", "dead"], ["--all"]])
def test_stop_leaves_nothing_behind(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """A running process ends by SIGTERM, and an endpoint whose process died is cleared away."""
    program = (
        "import fcntl, signal, sys\n"
        "file = open(sys.argv[1], 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    lock = root / "endpoints" / "alive" / "lock"
    lock.parent.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        add(root, "alive", pid=process.pid)
        add(root, "dead")
        assert main(["endpoints", "stop", *words]) == 0
        assert process.wait() == -signal.SIGTERM
    captured = capsys.readouterr()
    assert sorted(captured.out.splitlines()) == ["alive", "dead"]
    assert captured.err == ""
    assert list((root / "endpoints").iterdir()) == []


def test_an_endpoint_in_a_deployment_is_not_stopped(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be stopped now is said, the others are stopped, and the exit code tells."""
    busy = add(root, "busy")
    add(root, "dead")
    with (busy / "deploying").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert main(["endpoints", "stop", "--all"]) == 1
    assert capsys.readouterr() == (
        "dead\n",
        "pipelines: Cannot update in-progress endpoint 'busy'.\n",
    )
    assert busy.is_dir()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["stop"], "Name the endpoints to stop, or say --all.", id="nothing"),
        pytest.param(
            ["stop", "dogs", "--all"], "Name the endpoints to stop, or say --all.", id="both"
        ),
        pytest.param(
            ["stop", "dogs", "cats"],
            "There is no endpoint 'cats'. Endpoints: birds, dogs.",
            id="unknown to stop",
        ),
        pytest.param(
            ["logs", "cats"], "There is no endpoint 'cats'. Endpoints: birds, dogs.", id="unknown"
        ),
        pytest.param(
            ["logs", "dogs", "--lines", "-1"], "--lines is -1; expected 0 or more.", id="lines"
        ),
    ],
)
def test_wrong_use_stops_nothing(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """One wrong name among right ones stops none of them."""
    add(root, "dogs")
    add(root, "birds")
    assert main(["endpoints", *words]) == 2
    assert capsys.readouterr() == ("", f"pipelines: {message}\n")
    assert sorted(path.name for path in (root / "endpoints").iterdir()) == ["birds", "dogs"]
