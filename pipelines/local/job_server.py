"""Forks job processes from one process that has the heavy third-party modules loaded.

This file runs as a script, isolated and without the site module (`python -I -S`), and imports the
standard library alone: first-party code can reach a job only through the job's own import path,
never from here. Requests arrive as JSON lines on standard input, answers leave on standard output:

    {"do": "start", "id": 1, "argv": [...], "environment": {...}, "cwd": "...", "log": "..."}
    {"do": "kill", "id": 1}
    {"id": 1, "pid": 4711}                          when the job has started
    {"id": 1, "exit": 0}                            when it has ended; -9 is killed by signal 9

When the runner dies, however it dies, standard input ends, and every job's process group is killed.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import re
import runpy
import select
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

_PYTHON = re.compile(r"python(3(\.\d+)?)?")
_CHUNK_BYTES = 65536


def main() -> None:
    """Serve until standard input ends; in a forked child, run the job instead."""
    settings = json.loads(sys.argv[1])
    answers = os.dup(1)
    os.dup2(2, 1)  # A module that prints while it is loaded must not answer.
    sys.path.extend(settings["site_dirs"])
    request = _serve(answers, settings["modules"])
    os.close(answers)
    if request is not None:
        _leave(_exit_code(request))


def _serve(answers: int, modules: list[str]) -> dict[str, Any] | None:
    """Start, kill and reap jobs; returns the request in the forked child, and None at the end.

    While there is nothing to do, the next module is loaded: a job that comes early starts without.
    """
    children: dict[int, int] = {}  # process id -> job id
    awake, wake = os.pipe()
    for descriptor in (awake, wake):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pending = b""
    while True:
        readable, _, _ = select.select([0, awake], [], [], 0 if modules else None)
        if not readable:
            _load(modules.pop(0))
            continue
        if awake in readable:
            os.read(awake, _CHUNK_BYTES)
            _reap(children, answers)
        if 0 not in readable:
            continue
        data = os.read(0, _CHUNK_BYTES)
        if not data:
            for pid in children:
                _kill_group(pid)
            return None
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if request["do"] == "kill":
                for pid in [pid for pid, job in children.items() if job == request["id"]]:
                    _kill_group(pid)
                continue
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # From now on there are jobs to see to.
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for number in (signal.SIGCHLD, signal.SIGTERM):
                    signal.signal(number, signal.SIG_DFL)
                os.close(awake)
                os.close(wake)
                # Before it does anything: its parent may be killed before it could say so.
                _answer(answers, {"id": request["id"], "pid": os.getpid()})
                return dict(request)
            children[pid] = request["id"]


def _load(module: str) -> None:
    with contextlib.suppress(ImportError):  # A job that needs it says so itself.
        importlib.import_module(module)
    # What is loaded is never freed: leave its pages shared between the jobs.
    gc.freeze()


def _reap(children: dict[int, int], answers: int) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            # What the job left behind ends with it. The process itself is gone, and its number may
            # be another's by now: signal nothing but the group.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(status)
            _answer(answers, {"id": children.pop(pid), "exit": code})


def _answer(answers: int, message: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # The runner died; standard input says so too.
        os.write(answers, json.dumps(message).encode() + b"\n")


def _kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # The group does not exist before the child has made it.
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
        return


def _exit_code(request: dict[str, Any]) -> int:
    """Run the job as the interpreter runs a program: what it raises decides the exit code."""
    try:
        _run(request)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException as error:  # noqa: BLE001 - the interpreter's own last resort
        _print_exception(type(error), error, error.__traceback__)
        return 1
    return 0


def _leave(code: int) -> NoReturn:
    """End the process as the interpreter does, but without taking the loaded modules apart.

    That would take longer than many a job, and some of them complain about it in the job's log.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


def _run(request: dict[str, Any]) -> None:
    """Be the job: its own session, log, environment and import path."""
    os.setsid()
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    argv = request["argv"]
    if not _PYTHON.fullmatch(Path(argv[0]).name) or len(argv) == 1:
        os.execvp(argv[0], argv)  # noqa: S606 - the definition names the program
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    torch = sys.modules.get("torch")
    if torch is not None:  # It read OMP_NUM_THREADS when it was loaded.
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    arguments = [argument for argument in argv[1:2] if argument != "--"] + argv[2:]
    if arguments[0] == "-m":
        sys.path[:0] = [str(Path.cwd()), *_python_path()]
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments[0].startswith("-"):
        os.execvp(argv[0], argv)  # noqa: S606
    else:
        sys.path[:0] = [str(Path(arguments[0]).absolute().parent), *_python_path()]
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def _python_path() -> list[str]:
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _print_exception(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print a traceback that starts in the job's own code, as under `python -m`."""
    ours = {__file__, "<frozen runpy>", runpy.__file__}
    while trace is not None and trace.tb_frame.f_code.co_filename in ours:
        trace = trace.tb_next
    traceback.print_exception(kind, error, trace)


if __name__ == "__main__":
    main()
