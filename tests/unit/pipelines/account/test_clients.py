"""Tests of pipelines.account.clients."""

import subprocess
import sys

import pytest

from pipelines.account.clients import Clients
from pipelines.account.errors import AccountError
from tests.aws import SERVICES, SITE, Account, environment


def test_clients_are_made_once_for_the_region_of_the_site(account: Account) -> None:
    """Each client is its service's, and is tried again by the standard rules."""
    clients = account.clients
    for name in SERVICES:
        client = getattr(clients, name)
        assert client is getattr(clients, name)
        assert client.meta.region_name == SITE.region
        assert client.meta.service_model.service_name == name.rstrip("_")
        retries = client.meta.config.retries
        assert (retries["mode"], retries["total_max_attempts"]) == ("standard", 8)


def test_an_endpoint_without_a_scheme_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore calls it invalid, in an error that is none of its own kind."""
    for name, value in environment("127.0.0.1:5000").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AccountError) as caught:
        _ = Clients(SITE).sagemaker
    assert str(caught.value) == (
        "'127.0.0.1:5000' is no endpoint; expected AWS_ENDPOINT_URL like https://127.0.0.1:5000."
    )


def test_nothing_is_imported_before_it_is_needed() -> None:
    """The command line imports the errors; boto3 takes half a second."""
    program = (
        "import sys\n"
        "import pipelines.account.clients, pipelines.account.errors, pipelines.commands.publish\n"
        "assert not {'boto3', 'botocore'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
