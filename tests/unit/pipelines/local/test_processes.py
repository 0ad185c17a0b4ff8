"""Tests of pipelines.local.processes and pipelines.local.job_server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from pipelines.local import job_server, processes
from pipelines.local.errors import TransientFault
from pipelines.local.processes import Command, JobServer
from tests.unit.pipelines.local.definitions import has_ended
from tests.waiting import SECONDS, wait_until

REPOSITORY = Path(__file__).parents[4]


def command(
    directory: Path, argv: Sequence[str], environment: Mapping[str, str] | None = None
) -> Command:
    """A command in a folder of its own."""
    return Command(
        argv=argv,
        environment={"PATH": os.defpath, "OMP_NUM_THREADS": "1", **(environment or {})},
        cwd=directory,
        log_path=directory / "log.txt",
    )


def finish(server: JobServer, job: Command) -> tuple[int, str]:
    """Run a job to its end: exit code and log."""
    code = server.start(job).exit_code.result(SECONDS)
    return code, job.log_path.read_text()


def wait_for_text(path: Path) -> str:
    """The text of a file, as soon as it has a whole line."""
    wait_until(lambda: path.is_file() and path.read_text().endswith("\n"))
    return path.read_text()


def test_a_module_runs_as_under_python_m(server: JobServer, tmp_path: Path) -> None:
    """Name, arguments and the first entries of the import path are those of `python -m`."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "script.py").write_text(
        "import json, sys\nprint(json.dumps([__name__, __package__, sys.argv, sys.path[:2]]))\n"
    )
    environment = {"PYTHONPATH": f"{tmp_path}/more:"}

    code, log = finish(
        server, command(tmp_path, ["python3", "-m", "package.script", "--a", "1"], environment)
    )

    script = str(tmp_path / "package" / "script.py")
    assert code == 0
    assert json.loads(log) == [
        "__main__",
        "package",
        [script, "--a", "1"],
        [str(tmp_path), f"{tmp_path}/more"],
    ]


@pytest.mark.parametrize("separator", [[], ["--"]], ids=["plain", "end-of-options"])
def test_a_script_runs_as_under_python(
    server: JobServer, tmp_path: Path, separator: list[str]
) -> None:
    """A script's folder comes first on the import path, and its path stays as given."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "script.py").write_text(
        "import json, sys\nprint(json.dumps([__name__, sys.argv, sys.path[0]]))\n"
    )

    code, log = finish(server, command(tmp_path, ["python3.11", *separator, "deep/script.py", "x"]))

    assert code == 0
    assert json.loads(log) == ["__main__", ["deep/script.py", "x"], str(tmp_path / "deep")]


def test_first_party_code_comes_from_the_bundle_alone(server: JobServer, tmp_path: Path) -> None:
    """A job can import third-party modules, but nothing of this repository."""
    (tmp_path / "job.py").write_text(
        "import sys, numpy\n"
        "try:\n    import pipelines\nexcept ModuleNotFoundError as error:\n    print(error)\n"
        f"print({str(REPOSITORY)!r} in sys.path, 'steps' in sys.modules)\n"
    )

    code, log = finish(server, command(tmp_path, ["python3", "-m", "job"]))

    assert (code, log) == (0, "No module named 'pipelines'\nFalse False\n")


def test_a_job_has_exactly_its_environment(
    server: JobServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither credentials nor anything else of the caller reaches a job."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    (tmp_path / "job.py").write_text("import json, os\nprint(json.dumps(dict(os.environ)))\n")

    _, log = finish(server, command(tmp_path, ["python3", "-m", "job"], {"A": "1"}))

    assert json.loads(log) == {"A": "1", "OMP_NUM_THREADS": "1", "PATH": os.defpath}


def test_another_program_runs_as_it_is(server: JobServer, tmp_path: Path) -> None:
    """What is no Python module or script is executed."""
    code, log = finish(server, command(tmp_path, ["/bin/sh", "-c", "echo $A; exit 3"], {"A": "x"}))

    assert (code, log) == (3, "x\n")


def test_python_with_other_options_runs_as_it_is(server: JobServer, tmp_path: Path) -> None:
    """`python3 -c` is executed too."""
    path = f"{Path(sys.executable).parent}:{os.defpath}"

    code, log = finish(server, command(tmp_path, ["python3", "-c", "print(1)"], {"PATH": path}))

    assert (code, log) == (0, "1\n")


def test_a_traceback_starts_in_the_code_of_the_job(server: JobServer, tmp_path: Path) -> None:
    """An exception ends the job with 1 and a traceback without the runner's own lines."""
    (tmp_path / "job.py").write_text("def main():\n    raise LookupError('gone')\nmain()\n")

    code, log = finish(server, command(tmp_path, ["python3", "-m", "job"]))

    lines = log.splitlines()
    assert code == 1
    assert lines[:2] == [
        "Traceback (most recent call last):",
        f'  File "{tmp_path}/job.py", line 3, in <module>',
    ]
    assert lines[-1] == "LookupError: gone"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        pytest.param("sys.exit()", (0, "bye\n"), id="nothing"),
        pytest.param("sys.exit(3)", (3, "bye\n"), id="number"),
        pytest.param("sys.exit('no data')", (1, "no data\nbye\n"), id="text"),
    ],
)
def test_a_job_ends_as_under_the_interpreter(
    server: JobServer, tmp_path: Path, end: str, expected: tuple[int, str]
) -> None:
    """Exit codes mean what they always do; threads are waited for and exit handlers run."""
    (tmp_path / "job.py").write_text(
        "import atexit, sys, threading, time\n"
        "words = []\n"
        "atexit.register(lambda: print(*words))\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), words.append('bye'))).start()\n"
        f"{end}\n"
    )

    assert finish(server, command(tmp_path, ["python3", "job.py"])) == expected


def test_a_program_that_does_not_exist_fails_the_job(server: JobServer, tmp_path: Path) -> None:
    """The log says what is missing."""
    code, log = finish(server, command(tmp_path, ["no-such-program"]))

    assert code == 1
    assert log.splitlines()[-1] == "FileNotFoundError: [Errno 2] No such file or directory"


def test_killing_a_job_kills_its_children(server: JobServer, tmp_path: Path) -> None:
    """A whole process group ends, and the exit code names the signal."""
    job = server.start(command(tmp_path, ["/bin/sh", "-c", "sleep 60 & echo $!; wait"]))
    child = int(wait_for_text(tmp_path / "log.txt"))

    job.kill()

    assert job.exit_code.result(SECONDS) == -signal.SIGKILL
    assert has_ended(child)


def test_what_a_job_leaves_behind_ends_with_it(server: JobServer, tmp_path: Path) -> None:
    """A background process does not outlive its job."""
    code, log = finish(server, command(tmp_path, ["/bin/sh", "-c", "sleep 60 & echo $!"]))

    assert code == 0
    assert has_ended(int(log))


def test_killing_a_job_that_has_ended_is_harmless(server: JobServer, tmp_path: Path) -> None:
    """The server ignores jobs that it no longer knows."""
    job = server.start(command(tmp_path, ["/bin/sh", "-c", "exit 0"]))
    job.exit_code.result(SECONDS)

    job.kill()

    assert finish(server, command(tmp_path, ["/bin/sh", "-c", "exit 5"]))[0] == 5


@pytest.fixture
def own_server() -> Iterator[JobServer]:
    """A server for one test, which may break it."""
    with JobServer(modules=["no_such_module"]) as started:
        yield started


def test_closing_the_server_kills_its_jobs(own_server: JobServer, tmp_path: Path) -> None:
    """No job outlives the runner; who waits for one learns why, and no other can be started."""
    job = own_server.start(command(tmp_path, ["/bin/sh", "-c", "echo $$; sleep 60"]))
    pid = int(wait_for_text(tmp_path / "log.txt"))

    own_server.close()

    assert has_ended(pid)
    with pytest.raises(TransientFault) as waiting:
        job.exit_code.result(SECONDS)
    with pytest.raises(TransientFault):
        own_server.start(command(tmp_path, ["true"]))
    job.kill()
    assert str(waiting.value) == "The job was killed because the runner is ending."


def test_a_server_that_does_not_end_is_killed(own_server: JobServer, tmp_path: Path) -> None:
    """Closing never hangs, not even when the server is frozen."""
    own_server.start(command(tmp_path, ["/bin/sh", "-c", "echo $PPID"])).exit_code.result(SECONDS)
    pid = int((tmp_path / "log.txt").read_text())
    os.kill(pid, signal.SIGSTOP)

    own_server.close()

    assert has_ended(pid)


def test_jobs_of_a_server_that_dies_end_too(own_server: JobServer, tmp_path: Path) -> None:
    """When the server is killed its jobs are killed, and the fault says what happened."""
    job = own_server.start(command(tmp_path, ["/bin/sh", "-c", "echo $PPID $$; sleep 60"]))
    server_pid, pid = map(int, wait_for_text(tmp_path / "log.txt").split())

    os.kill(server_pid, signal.SIGKILL)

    with pytest.raises(TransientFault) as error:
        job.exit_code.result(SECONDS)
    assert has_ended(pid)
    assert str(error.value) == (
        "The process that starts the jobs ended with exit code -9: no message."
    )
    assert error.value.exception_type == "SageMaker.JOB_INTERNAL_ERROR"


def test_a_job_is_known_before_its_server_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that dies right after it forked leaves no job behind either."""
    script = tmp_path / "server.py"
    script.write_text(
        "import os, runpy, signal\n"
        "fork = os.fork\n"
        "os.fork = lambda: fork() and os.kill(os.getpid(), signal.SIGKILL)\n"
        f"runpy.run_path({job_server.__file__!r}, run_name='__main__')\n"
    )
    monkeypatch.setattr(processes, "_SERVER_SCRIPT", script)
    with JobServer(modules=[]) as server:
        job = server.start(command(tmp_path, ["/bin/sh", "-c", "sleep 60"]))
        with pytest.raises(TransientFault):
            job.exit_code.result(SECONDS)

    assert job.pid is not None
    assert has_ended(job.pid)


def test_jobs_of_a_runner_that_is_killed_end_too(tmp_path: Path) -> None:
    """After SIGKILL of the runner nothing of it stays."""
    script = (
        "import sys, time\n"
        f"sys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from pathlib import Path\n"
        "from pipelines.local.processes import Command, JobServer\n"
        "server = JobServer(modules=[])\n"
        "server.start(Command(argv=['/bin/sh', '-c', 'echo $PPID $$; sleep 60'],\n"
        "    environment={'PATH': '/usr/bin:/bin'}, cwd=Path(sys.argv[1]),\n"
        "    log_path=Path(sys.argv[1], 'log.txt')))\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) as runner:
        pids = [int(text) for text in wait_for_text(tmp_path / "log.txt").split()]
        runner.kill()

    assert all(has_ended(pid) for pid in pids)


def test_a_job_that_ends_after_its_runner_died_keeps_no_other_alive(tmp_path: Path) -> None:
    """Nobody hears of its end, and the server goes on to see to the others."""
    settings = json.dumps({"site_dirs": [], "modules": []})
    with subprocess.Popen(
        [sys.executable, "-I", "-S", job_server.__file__, settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        pids = []
        for number in (1, 2):
            request = {
                "do": "start",
                "id": number,
                "argv": ["/bin/sleep", "600"],
                "environment": {"PATH": os.defpath},
                "cwd": str(tmp_path),
                "log": str(tmp_path / "log.txt"),
            }
            server.stdin.write(json.dumps(request).encode() + b"\n")
            server.stdin.flush()
            pids.append(json.loads(server.stdout.readline())["pid"])
        server.stdout.close()

        first, second = pids
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{first}").exists())  # The server has seen it, too.
        server.stdin.close()

    assert has_ended(second)
    assert server.returncode == 0


def test_the_shell_script_repeats_the_command(tmp_path: Path) -> None:
    """The script has the folder, exactly the environment, and this interpreter for python3."""
    job = command(tmp_path, ["python3", "-m", "job", "a b"], {"A": "it's"})

    assert job.to_shell() == (
        f"#!/bin/sh\ncd {tmp_path} && exec env -i \\\n"
        f"  A='it'\"'\"'s' \\\n  OMP_NUM_THREADS=1 \\\n  PATH={os.defpath} \\\n"
        f"  {sys.executable} -m job 'a b'\n"
    )


def test_a_server_that_died_is_started_again(own_server: JobServer, tmp_path: Path) -> None:
    """After the fault of a job whose server was killed, the next job runs."""
    job = own_server.start(command(tmp_path, ["/bin/sh", "-c", "kill -9 $PPID; sleep 60"]))
    with pytest.raises(TransientFault):
        job.exit_code.result(SECONDS)

    code, log = finish(own_server, command(tmp_path, ["/bin/sh", "-c", "echo again; exit 3"]))

    assert (code, log) == (3, "again\n")


def test_a_job_that_has_been_reaped_is_signalled_as_a_group_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once the process is gone its number may be that of a stranger, who is left alone."""
    killed: list[int] = []

    def no_group(pid: int, number: int) -> None:
        raise ProcessLookupError(pid, number)

    monkeypatch.setattr(job_server.os, "waitpid", lambda pid, _: (pid, 0))
    monkeypatch.setattr(job_server.os, "killpg", no_group)
    monkeypatch.setattr(job_server.os, "kill", lambda pid, _: killed.append(pid))
    answers, answer = os.pipe()
    children = {4711: 1}

    job_server._reap(children, answer)

    os.close(answer)
    with os.fdopen(answers) as lines:
        assert json.loads(lines.read()) == {"exit": 0, "id": 1}
    assert (children, killed) == ({}, [])
