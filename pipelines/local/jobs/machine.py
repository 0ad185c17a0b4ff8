"""What every job has here: a folder in place of `/opt/ml`, an environment, a log, a time limit."""

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.definition import Json
from pipelines.local.errors import StepFailed
from pipelines.local.files import write_text
from pipelines.local.processes import Command, JobProcess, JobServer
from pipelines.local.store import LocalStore

REGION = "local-machine"
ACCOUNT = "000000000000"
MAX_REASON_CHARACTERS = 1024
"""The service keeps this much of a failure reason.

Source: Amazon SageMaker AI Developer Guide, "How Amazon SageMaker AI Signals Algorithm Success and
Failure",
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-signal-success-failure.html
"""

_OPT_ML = re.compile(r"(?<![\w./-])/opt/ml(?![\w.-])")
_POLL_SECONDS = 0.05
_KILL_SECONDS = 1.0
"""Longest wait for the end of a job that was killed."""
_PASSED_ON = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")


class Stopped(Exception):  # noqa: N818 - it is no error
    """The runner was told to stop while a job ran."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What jobs share."""

    store: LocalStore
    server: JobServer
    home_dir: Path
    """HOME of every job: caches of libraries live here."""
    now: Callable[[], datetime]
    is_stopping: threading.Event


@dataclass(frozen=True, kw_only=True, slots=True)
class JobCall:
    """A job that a step asks for."""

    request: Mapping[str, Json]
    """The resolved request of the operation that creates the job."""
    name: str
    directory: Path
    """Folder of the job; where it has several processes, it holds one folder for each."""
    machine: Machine
    num_threads: int
    """Threads for each process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobDir:
    """Folder of one job process: `ml` stands for `/opt/ml`; beside it the log and the command."""

    path: Path

    @property
    def ml(self) -> Path:
        """The folder that stands for `/opt/ml`."""
        return self.path / "ml"

    @property
    def log_path(self) -> Path:
        """Standard output and standard error of the job."""
        return self.path / "log.txt"

    def reroot(self, text: str) -> str:
        """The text with every path below `/opt/ml` replaced by the path in this folder."""
        return _OPT_ML.sub(lambda _: str(self.ml), text)

    def read_reason(self, name: str) -> str:
        """Start of the file `output/<name>` that a script may write; empty if there is none."""
        path = self.ml / "output" / name
        if not path.is_file():
            return ""
        return path.read_text(encoding="utf-8", errors="replace")[:MAX_REASON_CHARACTERS]


def arn(resource: str, *, service: str = "sagemaker") -> str:
    """An ARN of this machine."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def base_environment(home_dir: Path, *, num_threads: int) -> dict[str, str]:
    """Variables that every job has: of the caller's own, only those that name devices."""
    home_dir.mkdir(parents=True, exist_ok=True)
    return {
        "AWS_REGION": REGION,
        "HOME": str(home_dir),
        "LANG": "C.UTF-8",
        "MKL_NUM_THREADS": str(num_threads),
        "OMP_NUM_THREADS": str(num_threads),
        "OPENBLAS_NUM_THREADS": str(num_threads),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    }


def start(machine: Machine, job_dir: JobDir, command: Command) -> JobProcess:
    """Start a job process and leave its command beside it, as `repeat.sh`."""
    write_text(job_dir.path / "repeat.sh", command.to_shell(), mode=0o755)
    return machine.server.start(command)


def wait_for(
    processes: Sequence[JobProcess],
    *,
    machine: Machine,
    job_dir: Path,
    limit_seconds: float | None,
    watch: Callable[[], None] = lambda: None,
) -> list[int | None]:
    """Wait until all processes have ended, or one has failed, which ends the others.

    Args:
        processes: Processes of one job.
        machine: Tells when to stop.
        job_dir: Folder of the job, for the error.
        limit_seconds: Longest run time, MaxRuntimeInSeconds of the request; None for no limit.
        watch: Called now and then.

    Returns:
        Exit codes in the order of the processes; None for one that was killed here.

    Raises:
        Stopped: The runner is stopping.
        StepFailed: The time limit has passed.
    """
    started = time.monotonic()
    waiting = {process.exit_code: process for process in processes}
    try:
        while waiting:
            done, _ = wait(list(waiting), timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                del waiting[future]
            if any(future.exception() is not None or future.result() != 0 for future in done):
                break
            if machine.is_stopping.is_set():
                raise Stopped
            watch()
            if waiting and limit_seconds is not None and time.monotonic() - started > limit_seconds:
                raise StepFailed(too_long(limit_seconds), job_dir=job_dir)
    finally:
        kill_all(list(waiting.values()))
    return [
        None if process.exit_code in waiting else process.exit_code.result()
        for process in processes
    ]


def kill_all(processes: Sequence[JobProcess]) -> None:
    """Kill the processes that still run, and wait for their end."""
    running = [process for process in processes if not process.exit_code.done()]
    for process in running:
        process.kill()
    # A job that waits for the server to load its modules ends when that is done, or with it.
    wait([process.exit_code for process in running], timeout=_KILL_SECONDS)


def too_long(limit_seconds: float) -> str:
    """The failure reason of a job that was killed after its time limit."""
    return f"MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds, {limit_seconds:g} s."


def runtime_limit(request: Mapping[str, object]) -> float | None:
    """MaxRuntimeInSeconds of a request; None without one."""
    condition = request.get("StoppingCondition")
    if not isinstance(condition, Mapping) or "MaxRuntimeInSeconds" not in condition:
        return None
    return float(condition["MaxRuntimeInSeconds"])
