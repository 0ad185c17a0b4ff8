"""What the handler adds to the work that no server can avoid: decode, resize, normalize, forward.

Both sides take turns in one process, on one thread of torch. The bare side has the network as it
was trained; the handler prepares it when it loads it, describes the image and writes the answer.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from inference.artifact import Artifact, load_artifact
from inference.handler import model_fn, transform_fn
from inference.images import resize
from tests.benchmarks.figures import Figure
from tests.benchmarks.photograph import IMAGE_SIDE, photograph, write_model

IMAGE_SIDES = (32, IMAGE_SIDE, 224)
NUM_ROUNDS = 300
NUM_WARM_UP_ROUNDS = 20


class Context:
    """The part of a server's context that the handler uses."""

    def set_response_status(self, code: int, phrase: str) -> None:
        """Refuse to measure a refusal."""
        raise ValueError(f"The handler answered {code} {phrase}; a photograph needs no refusal.")


def figures() -> Iterator[Figure]:
    """Median milliseconds of both for a photograph, by the side of the network's input."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    body = photograph()
    for side in IMAGE_SIDES:
        with tempfile.TemporaryDirectory() as scratch:
            model_dir = Path(scratch)
            write_model(model_dir, side)
            trained, model = load_artifact(model_dir), model_fn(scratch)
        work, ours = _medians(partial(bare, trained, body), partial(answer, model, body))
        name = f"{side} pixels"
        yield Figure(f"bare decode, resize, forward, {name}", work * 1000, "ms")
        yield Figure(f"handler, {name}", ours * 1000, "ms")
        yield Figure(f"handler to bare, {name}", ours / work, "x", at_most=1.15)
    torch.set_num_threads(num_threads)


def bare(trained: Artifact, body: bytes) -> None:
    """Do the work that no server can avoid, with the network as it was trained."""
    image = Image.open(io.BytesIO(body)).convert("RGB")
    pixels = torch.from_numpy(resize(image, trained.spec.image_size).copy()[np.newaxis])
    with torch.inference_mode():
        trained.network(trained.spec.normalization(pixels))


def answer(model: Artifact, body: bytes) -> None:
    """Let the handler answer a JPEG."""
    transform_fn(model, bytearray(body), "image/jpeg", "application/json", Context())


def _medians(*functions: Callable[[], None]) -> list[float]:
    """Median seconds of each function; they take turns, so that all see the same machine."""
    seconds: list[list[float]] = [[] for _ in functions]
    for round_ in range(NUM_WARM_UP_ROUNDS + NUM_ROUNDS):
        for function, measured in zip(functions, seconds, strict=True):
            started = time.perf_counter()
            function()
            if round_ >= NUM_WARM_UP_ROUNDS:
                measured.append(time.perf_counter() - started)
    return [statistics.median(measured) for measured in seconds]
