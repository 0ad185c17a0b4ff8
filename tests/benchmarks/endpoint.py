"""The local endpoint against the work itself, and against a plain server with the same handler."""

import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch

from inference.artifact import load_artifact
from inference.contract import SERVING_PROGRAM
from pipelines.execution import utc_now
from pipelines.local.hosting import Hosting
from pipelines.local.jobs.archive import pack
from pipelines.local.store import LocalStore
from tests.benchmarks.clients import num_failures, p50_seconds, requests_per_second
from tests.benchmarks.figures import Figure
from tests.benchmarks.handler import bare
from tests.benchmarks.photograph import photograph, write_model

NAME = "benchmark"
IMAGE_SIDE = 224
"""Side of the network's input: that of the pretrained networks, for which photographs are."""
NUM_ROUNDS = 5
"""Both sides of a comparison take turns, so that they see the same machine."""
NUM_REQUESTS = 100
NUM_CLIENTS = 4
SECONDS = 3.0
NUM_REQUESTS_DURING_UPDATES = 2000
_LOADING_SECONDS = 5.0
"""By then the endpoint's process has loaded torch and all other libraries."""
_PAUSE_SECONDS = 2.0
"""By then every client's process has started, and the version of before is in use."""
_MODEL_URI = "s3://benchmark/model.tar.gz"

_RIVAL = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import torch
from inference.handler import model_fn, transform_fn
torch.set_num_threads(1)
model = model_fn(sys.argv[1])

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    status = 200

    def do_POST(self):
        self.status = 200
        body = bytearray(self.rfile.read(int(self.headers["Content-Length"])))
        types = self.headers["Content-Type"], self.headers["Accept"]
        answer, content_type = transform_fn(model, body, *types, self)
        self.send_response(self.status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def set_response_status(self, code, phrase):
        self.status = code

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
"""The standard library's server with the same handler in its process, a thread per connection."""


def figures() -> Iterator[Figure]:
    """Start, latency and throughput of an endpoint, and its failures while it is updated."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        model_dir = root / "model"
        write_model(model_dir, IMAGE_SIDE)
        pack(model_dir, root / "model.tar.gz")
        LocalStore(root).move_file(root / "model.tar.gz", _MODEL_URI)
        hosting = Hosting(root)
        try:
            yield Figure("endpoint ready, from nothing", _deploy_seconds(hosting), "s")
            time.sleep(_LOADING_SECONDS)
            seconds = _deploy_seconds(hosting)
            yield Figure("endpoint ready, torch loaded", seconds, "s", at_most=2.0)
            endpoint = hosting.endpoint(NAME)
            assert endpoint is not None
            url = f"{endpoint.url}/endpoints/{NAME}/invocations"
            body = photograph()
            yield from _latency(model_dir, url, body)
            yield from _throughput(model_dir, url, body)
            failures = _failures_during_updates(hosting, url, body)
            yield Figure("requests failed during two updates", failures, "", at_most=0)
        finally:
            hosting.stop(NAME)


def _deploy_seconds(hosting: Hosting) -> float:
    """Deploy a new configuration of the same model; seconds until it is in service."""
    now = utc_now()
    name = f"{NAME}-{now:%H%M%S%f}"
    container = {"ModelDataUrl": _MODEL_URI, "Environment": {"SAGEMAKER_PROGRAM": SERVING_PROGRAM}}
    hosting.create_model({"ModelName": name, "PrimaryContainer": container}, name=name, now=now)
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
    request = {"EndpointConfigName": name, "ProductionVariants": [variant]}
    hosting.create_endpoint_config(request, now=now)
    started = time.perf_counter()
    hosting.deploy(NAME, name, is_stopping=threading.Event())
    return time.perf_counter() - started


def _latency(model_dir: Path, url: str, body: bytes) -> Iterator[Figure]:
    artifact = load_artifact(model_dir)
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    bares, requests = [], []
    for _ in range(NUM_ROUNDS):
        bares.append(_p50(partial(bare, artifact, body)))
        requests.append(p50_seconds(url, body, num_requests=NUM_REQUESTS))
    torch.set_num_threads(num_threads)
    work, request = statistics.median(bares), statistics.median(requests)
    yield Figure("bare decode, resize, forward", work * 1000, "ms")
    yield Figure("endpoint, request p50", request * 1000, "ms")
    yield Figure("endpoint to bare", request / work, "x", at_most=1.2)
    yield Figure("endpoint less bare", (request - work) * 1000, "ms")


def _p50(function: partial[None]) -> float:
    """Median seconds of a function."""
    seconds = []
    for _ in range(NUM_REQUESTS):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _throughput(model_dir: Path, url: str, body: bytes) -> Iterator[Figure]:
    ours, rivals = [], []
    with _rival(model_dir) as rival:
        for _ in range(NUM_ROUNDS):
            for address, rates in ((url, ours), (rival, rivals)):
                rate = requests_per_second(address, body, num_clients=NUM_CLIENTS, seconds=SECONDS)
                rates.append(rate)
    endpoint, plain = statistics.median(ours), statistics.median(rivals)
    yield Figure(f"endpoint, {NUM_CLIENTS} clients", endpoint, "requests/s")
    yield Figure(f"plain server, {NUM_CLIENTS} clients", plain, "requests/s")
    yield Figure("endpoint to plain server", endpoint / plain, "x", at_least=1.0)


@contextmanager
def _rival(model_dir: Path) -> Iterator[str]:
    """Run the plain server; its URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", _RIVAL, model_dir], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/invocations"
    finally:
        process.kill()
        process.communicate()


def _failures_during_updates(hosting: Hosting, url: str, body: bytes) -> int:
    """Requests that fail while the endpoint is updated twice, in the midst of them."""
    share = NUM_REQUESTS_DURING_UPDATES // NUM_CLIENTS
    with multiprocessing.get_context("spawn").Pool(NUM_CLIENTS) as pool:
        counts = pool.starmap_async(num_failures, [(url, body, share)] * NUM_CLIENTS, chunksize=1)
        for _ in range(2):
            time.sleep(_PAUSE_SECONDS)
            _deploy_seconds(hosting)
        assert not counts.ready()
        return sum(counts.get())
