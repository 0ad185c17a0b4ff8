"""One job server for all tests of the local runner, without the modules that are slow to load."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.local.execution import LocalExecution
from pipelines.local.hosting import Hosting
from pipelines.local.processes import JobServer
from pipelines.local.registry import Registry
from pipelines.local.runner import run
from pipelines.local.stand_ins import Backing
from pipelines.local.store import LocalStore
from tests.unit.pipelines.local.definitions import Recorder


@pytest.fixture(scope="session")
def server() -> Iterator[JobServer]:
    """A job server that loads nothing."""
    with JobServer(modules=[]) as started:
        yield started


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fresh root folder."""
    return tmp_path / "root"


@pytest.fixture
def store(root: Path) -> LocalStore:
    """The object store of the root folder."""
    return LocalStore(root)


@pytest.fixture
def execute(root: Path, server: JobServer, tmp_path: Path) -> Callable[..., LocalExecution]:
    """Run a definition as pipeline `demo` in the root folder."""

    def call(
        definition: Mapping[str, Any], parameters: Mapping[str, str] | None = None, **options: Any
    ) -> LocalExecution:
        settings: dict[str, Any] = {
            "pipeline": "demo",
            "root": root,
            "functions_dir": tmp_path / "functions",
            "display": Recorder(),
            "server": server,
            "num_cores": 4,
        }
        return run(definition, parameters or {}, **{**settings, **options})

    return call


@pytest.fixture
def backing(tmp_path: Path) -> Backing:
    """What stand-ins answer from, with three packages, the middle one approved."""
    registry = Registry(tmp_path)
    for day in (1, 2, 3):
        registry.register(
            {
                "ModelPackageGroupName": "dogs",
                "ModelApprovalStatus": "Approved" if day == 2 else "Rejected",
                "InferenceSpecification": {},
            },
            now=datetime(2026, 11, day, tzinfo=UTC),
        )
    return Backing(
        root=tmp_path,
        store=LocalStore(tmp_path),
        registry=registry,
        hosting=Hosting(tmp_path),
        is_stopping=threading.Event(),
    )
