"""Compiled pipelines, run on this machine over a small folder of generated images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.catalogue import CATALOGUE
from pipelines.compile import Compiled
from pipelines.definition import load
from pipelines.display import choose_display
from pipelines.local.execution import LocalExecution
from pipelines.local.processes import JobServer
from pipelines.local.runner import run
from pipelines.local.store import LocalStore
from pipelines.summary import output_dir
from steps.bundle import ROOT
from tests.aws import account, aws_server

__all__ = ["account", "aws_server"]

SIDE = 32
COLOURS = {"blue": (40, 60, 200), "green": (50, 180, 70), "red": (210, 50, 50)}
NUM_IMAGES_PER_LABEL = 20

QUICK = {
    "AccuracyThreshold": "0",
    "CalibrationErrorThreshold": "1",
    "Epochs": "2",
    "MacroF1Threshold": "0",
}
"""Parameters under which a pipeline is quick and its gate open."""


def write_images(directory: Path, num_images: int = NUM_IMAGES_PER_LABEL) -> Path:
    """Noisy squares in three colours, so many of each, one label each."""
    generator = np.random.default_rng(0)
    for label, colour in COLOURS.items():
        (directory / label).mkdir(parents=True)
        for number in range(num_images):
            noise = generator.normal(0, 30, (SIDE, SIDE, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(directory / label / f"{number:02}.png")
    return directory


@dataclass(frozen=True, slots=True)
class Machine:
    """Runs the catalogue's pipelines in one root."""

    root: Path
    compiled: Mapping[str, Compiled]
    server: JobServer

    @property
    def store(self) -> LocalStore:
        """The object store of the root."""
        return LocalStore(self.root)

    def run(
        self,
        name: str,
        images_dir: Path | None = None,
        *,
        resume: str | None = None,
        **parameters: str,
    ) -> tuple[LocalExecution, str]:
        """Run a pipeline, perhaps over a folder of images; also what a person would have read."""
        for uri, content in self.compiled[name].objects.items():
            self.store.put_bytes(uri, content)
        given = dict(QUICK) if name in {"training", "retraining"} else {}
        images_parameter = CATALOGUE[name].images_parameter
        if images_dir is not None and images_parameter is not None:
            uri = f"s3://images/{images_dir.parent.name}/{images_dir.name}"
            self.store.link(images_dir, uri)
            given[images_parameter] = uri
        talk = StringIO()
        execution = run(
            load(self.compiled[name].definition),
            {**given, **parameters},
            pipeline=name,
            root=self.root,
            functions_dir=ROOT / "infrastructure" / "functions",
            display=choose_display(talk, {}),
            resume=resume,
            server=self.server,
        )
        return execution, talk.getvalue()

    def output(self, execution: LocalExecution, step: str, output: str) -> Path:
        """Folder of a processing step's output in the object store."""
        return output_dir(execution.step(step), output, self.store)

    def artifact(self, execution: LocalExecution) -> Path:
        """The `model.tar.gz` of an execution."""
        properties = execution.step("Train").properties
        return self.store.path(properties["ModelArtifacts"]["S3ModelArtifacts"])


@pytest.fixture(scope="session")
def server() -> Iterator[JobServer]:
    """One process with PyTorch loaded, for all executions."""
    with JobServer() as running:
        yield running


@pytest.fixture(scope="session")
def images_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty images of three labels."""
    return write_images(tmp_path_factory.mktemp("data") / "squares")


@pytest.fixture
def machine(tmp_path: Path, compiled: Mapping[str, Compiled], server: JobServer) -> Machine:
    """A machine with an empty root."""
    return Machine(tmp_path / "root", compiled, server)
