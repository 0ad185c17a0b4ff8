"""What every test gets: no credentials, no region, no settings of a site."""

import os

import pytest

AMBIENT_PREFIXES = ("AWS_", "SAGEMAKER_", "SITE_", "SM_")


@pytest.fixture(autouse=True)
def _no_ambient_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(AMBIENT_PREFIXES):
            monkeypatch.delenv(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the definition snapshots."""
    parser.addoption(
        "--update-definitions", action="store_true", help="rewrite tests/definitions/*.json"
    )
