"""What every test gets: no credentials, no region, no settings of a site."""

import os
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from pipelines.compile import Compiled

AMBIENT_PREFIXES = ("AWS_", "SAGEMAKER_", "SITE_", "SM_")


# Tests run side by side, and their tensors are small: further threads would only get in the way.
# Libraries read it when they are loaded.
os.environ["OMP_NUM_THREADS"] = "1"

# A shell starts what runs in the background with SIGINT ignored, and whoever that starts inherits
# it: processes that are interrupted by tests would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Examples of properties hang on no random seed, and take as long as a busy machine needs.
settings.register_profile(
    "repeatable",
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the definition snapshots."""
    parser.addoption(
        "--update-definitions", action="store_true", help="rewrite tests/definitions/*.json"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that files are left to share until the end; otherwise in any order."""
    items.sort(key=lambda item: item.get_closest_marker("local") is None)


@pytest.fixture(autouse=True)
def _no_ambient_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name == "SITE" or name.startswith(AMBIENT_PREFIXES):
            monkeypatch.delenv(name)
    # Nor those of a site.toml above the working folder.
    monkeypatch.setenv("SITE_FILE", os.devnull)


@pytest.fixture(scope="session")
def compiled() -> Mapping[str, "Compiled"]:
    """Every pipeline of the catalogue, compiled once for the default site."""
    from pipelines.catalogue import CATALOGUE
    from pipelines.compile import compile_pipeline
    from steps.site import Site

    return {name: compile_pipeline(name, Site()) for name in CATALOGUE}
