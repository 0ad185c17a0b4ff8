"""Starts job processes through the job server, and makes sure that none outlives the runner."""

import contextlib
import json
import os
import shlex
import signal
import site
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pipelines.local.errors import TransientFault

PRELOADED_MODULES = ("numpy", "PIL.Image", "torch", "torchvision.models", "torchvision.transforms")
"""Third-party modules that job scripts import and that take seconds to load."""

_SERVER_SCRIPT = Path(__file__).with_name("job_server.py")
_ENDING = "The job was killed because the runner is ending."


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What a job process runs."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    """The whole environment: a job inherits nothing."""
    cwd: Path
    log_path: Path
    """File to which standard output and standard error are appended."""

    def to_shell(self) -> str:
        """A shell script that repeats the command outside the runner."""
        environment = " \\\n  ".join(
            f"{name}={shlex.quote(value)}" for name, value in sorted(self.environment.items())
        )
        argv = [sys.executable if self.argv[0] == "python3" else self.argv[0], *self.argv[1:]]
        return (
            f"#!/bin/sh\ncd {shlex.quote(str(self.cwd))} && exec env -i \\\n"
            f"  {environment} \\\n  {shlex.join(argv)}\n"
        )


class JobProcess:
    """A job that was started; its process leads a process group."""

    def __init__(self, forker: "_Forker", number: int) -> None:
        self._forker = forker
        self.number = number
        self.pid: int | None = None
        self.exit_code: Future[int] = Future()
        """The exit status; -9 for killed by signal 9; a TransientFault if the job server died."""

    def kill(self) -> None:
        """Kill the job with all its children, unless it has ended. The exit code follows."""
        self._forker.kill(self.number)


class JobServer:
    """Starts jobs from a process that loads its modules while the runner goes on.

    A process that dies takes its jobs with it; the next job that is to start gets a new one.
    """

    def __init__(self, modules: Sequence[str] = PRELOADED_MODULES) -> None:
        """Start the server process.

        Args:
            modules: Modules to load while no job is waiting to start.
        """
        self._modules = modules
        self._lock = threading.Lock()
        self._is_closed = False
        self._forker = _Forker(modules)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self, command: Command) -> JobProcess:
        """Start a job.

        Raises:
            TransientFault: The server process died, or the server is closed.
        """
        with self._lock:
            if self._is_closed:
                raise TransientFault(_ENDING)
            if self._forker.has_died:
                self._forker.close()
                self._forker = _Forker(self._modules)
            return self._forker.start(command)

    def close(self) -> None:
        """Kill every job that still runs, and end the server process."""
        with self._lock:
            self._is_closed = True
            self._forker.close()


class _Forker:
    """One server process and the jobs that it forked."""

    def __init__(self, modules: Sequence[str]) -> None:
        self.has_died = False
        """Whether the process has ended, and its jobs with it."""
        self._jobs: dict[int, JobProcess] = {}
        self._lock = threading.Lock()
        self._num_started = 0
        self._is_closing = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close
        settings = {"site_dirs": site.getsitepackages(), "modules": list(modules)}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-X", "utf8", _SERVER_SCRIPT, json.dumps(settings)],
            env=_server_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # Ctrl-C reaches the runner, and the runner decides.
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - a pipe
        assert self._process.stdout is not None  # noqa: S101
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._reader = threading.Thread(target=self._read, name="job-server", daemon=True)
        self._reader.start()

    def start(self, command: Command) -> JobProcess:
        with self._lock:
            if self.has_died:
                raise TransientFault(self._obituary())
            self._num_started += 1
            job = JobProcess(self, self._num_started)
            self._jobs[job.number] = job
        request = {
            "do": "start",
            "id": job.number,
            "argv": list(command.argv),
            "environment": dict(command.environment),
            "cwd": str(command.cwd),
            "log": str(command.log_path),
        }
        try:
            self._send(request)
        except (OSError, ValueError) as error:
            raise TransientFault(self._obituary()) from error
        return job

    def kill(self, number: int) -> None:
        """Kill one job's process group; a job that has ended is left alone."""
        with contextlib.suppress(OSError, ValueError):  # The server, or the pipe, is gone.
            self._send({"do": "kill", "id": number})

    def close(self) -> None:
        """Kill every job that still runs, and end the process."""
        self._is_closing = not self.has_died
        # It may be loading modules, which takes seconds; the reader sees to its jobs.
        self._process.kill()
        self._process.wait()
        self._reader.join()
        with self._lock, contextlib.suppress(OSError):
            self._requests.close()
        self._answers.close()
        self._errors.close()

    def _send(self, message: Mapping[str, object]) -> None:
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            self._requests.write(line)
            self._requests.flush()

    def _read(self) -> None:
        for line in self._answers:
            message = json.loads(line)
            if "pid" in message:
                self._jobs[message["id"]].pid = message["pid"]
            else:
                self._jobs.pop(message["id"]).exit_code.set_result(message["exit"])
        with self._lock:
            self.has_died = True
            orphans = list(self._jobs.values())
            self._jobs.clear()
        for job in orphans:
            if job.pid is not None:
                _kill_group(job.pid)
            job.exit_code.set_exception(TransientFault(self._obituary()))

    def _obituary(self) -> str:
        if self._is_closing:
            return _ENDING
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        return (
            f"The process that starts the jobs ended with exit code {code}: {said or 'no message'}."
        )


def _kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # The group does not exist before the job has made it.
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
        return


def _server_environment() -> dict[str, str]:
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ
    }
    return {
        **kept,
        # Threads that wait by spinning take the cores from whatever else this machine does.
        "OMP_WAIT_POLICY": "PASSIVE",
        # NumPy's threads would exist before the fork, and jobs at once share the cores anyway.
        "OPENBLAS_NUM_THREADS": "1",
    }
