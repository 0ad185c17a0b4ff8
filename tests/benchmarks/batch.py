"""Batch transform against a single-threaded loop over the handler, on the same photographs."""

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from inference.handler import model_fn
from pipelines.execution import utc_now
from pipelines.local.hosting import Container
from pipelines.local.jobs.archive import pack
from pipelines.local.jobs.machine import JobCall, Machine, usable_cores
from pipelines.local.jobs.transform import run_transform
from pipelines.local.processes import JobServer
from pipelines.local.store import LocalStore
from tests.benchmarks.figures import Figure
from tests.benchmarks.handler import answer
from tests.benchmarks.photograph import IMAGE_SIDE, photograph, write_model

NUM_IMAGES = 600
PREFIX = "s3://bucket/in/"


def figures() -> Iterator[Figure]:
    """Images per second of both, and the ratio; the job's time counts from start to end."""
    body = photograph()
    with tempfile.TemporaryDirectory() as scratch:
        model_dir = Path(scratch, "model")
        write_model(model_dir, IMAGE_SIDE)
        loop = _loop(model_dir, body)
        job = _job(Path(scratch), model_dir, body)
    yield Figure("loop over the handler, one thread", loop, "images/s")
    yield Figure(f"batch transform, {usable_cores()} cores", job, "images/s")
    yield Figure("batch transform to loop", job / loop, "x", at_least=1.0)


def _loop(model_dir: Path, body: bytes) -> float:
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model = model_fn(str(model_dir))
    answer(model, body)
    started = time.perf_counter()
    for _ in range(NUM_IMAGES):
        answer(model, body)
    seconds = time.perf_counter() - started
    torch.set_num_threads(num_threads)
    return NUM_IMAGES / seconds


def _job(root: Path, model_dir: Path, body: bytes) -> float:
    pack(model_dir, root / "model.tar.gz")
    store = LocalStore(root)
    for number in range(NUM_IMAGES):
        store.put_bytes(f"{PREFIX}{number:04}.jpg", body)
    container = Container(
        archive=root / "model.tar.gz",
        environment={"SAGEMAKER_PROGRAM": "inference.handler"},
        model_package_arn="",
        samples_dir="",
    )
    request = {
        "MaxConcurrentTransforms": 4,  # As the scoring pipeline has it.
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": PREFIX}},
            "ContentType": "application/x-image",
        },
        "TransformOutput": {"S3OutputPath": "s3://bucket/out", "Accept": "application/json"},
    }
    with JobServer() as jobs:
        machine = Machine(
            store=store,
            server=jobs,
            home_dir=root / "home",
            now=utc_now,
            is_stopping=threading.Event(),
        )
        seconds = []
        for round_ in ("first", "second"):  # In the first, PyTorch is still being loaded.
            call = JobCall(
                request=request,
                name=round_,
                directory=root / round_,
                machine=machine,
                num_threads=usable_cores(),
            )
            started = time.perf_counter()
            run_transform(call, container, on_progress=lambda _: None)
            seconds.append(time.perf_counter() - started)
    return NUM_IMAGES / seconds[-1]
