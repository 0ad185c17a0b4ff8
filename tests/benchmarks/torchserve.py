"""The same model behind TorchServe and the real serving toolkit: what the inference images run."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path

from steps.bundle import ROOT
from tests.benchmarks.clients import p50_seconds, requests_per_second
from tests.benchmarks.figures import Figure
from tests.benchmarks.photograph import photograph, write_model

BIN = ROOT / ".venv-serving" / "bin"
NUM_WORKERS = 2
NUM_REQUESTS = 200
NUM_CLIENTS = 4
SECONDS = 5.0
_START_UP_SECONDS = 60.0
_STOP_SECONDS = 10.0

_PROGRAM = """
import sys
from sagemaker_pytorch_serving_container import serving, torchserve
torchserve.TS_CONFIG_FILE = sys.argv[1]
serving.main()
"""
"""The images' entry point, with a file of our own in the place of one in /etc."""


def figures() -> Iterator[Figure]:
    """Seconds until it answers, median milliseconds of a photograph, and requests per second."""
    if reason := unavailable():
        print(f"TorchServe: not measured, because {reason}.")
        return
    with ExitStack() as stack:
        model_dir = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_model(model_dir)
        body = photograph()
        started = time.perf_counter()
        url = f"{stack.enter_context(torchserve(model_dir))}/invocations"
        yield Figure("TorchServe and toolkit, ready", time.perf_counter() - started, "s")
        seconds = p50_seconds(url, body, num_requests=NUM_REQUESTS)
        yield Figure("TorchServe and toolkit, request p50", seconds * 1000, "ms")
        rate = requests_per_second(url, body, num_clients=NUM_CLIENTS, seconds=SECONDS)
        yield Figure(f"TorchServe and toolkit, {NUM_CLIENTS} clients", rate, "requests/s")


def unavailable() -> str | None:
    """Why this machine cannot run TorchServe; None where it can."""
    if not (BIN / "torchserve").exists():
        return ".venv-serving is not installed"
    if shutil.which("java") is None:
        return "there is no Java"
    return None


@contextmanager
def torchserve(model_dir: Path) -> Iterator[str]:
    """Serve the folder of an artifact on 127.0.0.1, with a worker per core and torch thread.

    Yields:
        The base URL, once the handler answers. When the block ends, so do all processes.

    Raises:
        RuntimeError: It did not answer in time; the message ends with the end of its log.
    """
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        (folder / "ml").mkdir()
        (folder / "ml" / "model").symlink_to(model_dir.resolve())
        log = stack.enter_context((folder / "log.txt").open("w+", errors="replace"))
        ports = _free_ports(4)
        process = subprocess.Popen(
            [BIN / "python", "-c", _PROGRAM, folder / "ts.properties"],
            cwd=folder,
            env=_environment(folder, ports),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        stack.callback(_stop, process)
        _wait_until_it_answers(process, ports[0], Path(log.name))
        yield f"http://127.0.0.1:{ports[0]}"


def _environment(folder: Path, ports: list[int]) -> dict[str, str]:
    inference, metrics, grpc_inference, grpc_management = ports
    address = f"http://127.0.0.1:{inference}"
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        **({"JAVA_HOME": java_home} if (java_home := os.environ.get("JAVA_HOME")) else {}),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "TEMP": str(folder),
        "LOG_LOCATION": str(folder / "logs"),
        "METRICS_LOCATION": str(folder / "logs"),
        "OMP_NUM_THREADS": "1",
        "SAGEMAKER_BASE_DIR": str(folder / "ml"),
        "SAGEMAKER_PROGRAM": "inference.handler",
        "SAGEMAKER_BIND_TO_PORT": str(inference),
        "SAGEMAKER_MODEL_SERVER_WORKERS": str(NUM_WORKERS),
        # The toolkit binds to all addresses; these settings win over its file.
        "TS_INFERENCE_ADDRESS": address,
        "TS_MANAGEMENT_ADDRESS": address,
        "TS_METRICS_ADDRESS": f"http://127.0.0.1:{metrics}",
        "TS_GRPC_INFERENCE_ADDRESS": "127.0.0.1",
        "TS_GRPC_INFERENCE_PORT": str(grpc_inference),
        "TS_GRPC_MANAGEMENT_ADDRESS": "127.0.0.1",
        "TS_GRPC_MANAGEMENT_PORT": str(grpc_management),
    }


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for opened in sockets:
            opened.bind(("127.0.0.1", 0))
        return [opened.getsockname()[1] for opened in sockets]


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Ask until the handler refuses an empty body: `/ping` is healthy before it has a model."""
    deadline = time.monotonic() + _START_UP_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_START_UP_SECONDS)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request("POST", "/invocations", b"", {"Content-Type": "image/jpeg"})
            if connection.getresponse().status == HTTPStatus.BAD_REQUEST:
                return
        time.sleep(0.1)
    end = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"TorchServe did not answer in {_START_UP_SECONDS:.0f} s. Its log: {end}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and all that it started: they are one process group."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, ending)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
