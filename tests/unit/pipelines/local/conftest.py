"""One job server for all tests of the local runner, without the modules that are slow to load."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.local.execution import Execution
from pipelines.local.processes import JobServer
from pipelines.local.runner import run
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
def execute(root: Path, server: JobServer, tmp_path: Path) -> Callable[..., Execution]:
    """Run a definition as pipeline `demo` in the root folder."""

    def call(
        definition: Mapping[str, Any], parameters: Mapping[str, str] | None = None, **options: Any
    ) -> Execution:
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
