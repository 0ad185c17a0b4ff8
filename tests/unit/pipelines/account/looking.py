"""Clients of services by their names, whose calls are noted and checked; and stubs of them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from pipelines.account.clients import Clients
from pipelines.catalogue import CATALOGUE
from tests.aws import SITE, Account, Call

DEFINITIONS = Path(__file__).parents[3] / "definitions"
OTHERS = ("cloudwatch", "ec2", "ecr", "kms", "service-quotas", "sqs")
"""Services that `Clients` has no property for."""


MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def push_image(ecr: Any, repository: str, tag: str, *, layer: str = "0") -> str:
    """Make an image in a repository, and return its digest."""
    manifest = {"schemaVersion": 2, "config": {"digest": f"sha256:{layer}"}, "layers": []}
    answer = ecr.put_image(
        repositoryName=repository,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=MANIFEST_TYPE,
        imageTag=tag,
    )
    return str(answer["image"]["imageId"]["imageDigest"])


class WatchedClients(Clients):
    """Clients of an account that notes their calls."""

    def __init__(self, account: Account, others: dict[str, Any], stack: ExitStack) -> None:
        super().__init__(SITE)
        self._account = account
        self._others = others
        self._stack = stack

    @property
    def calls(self) -> list[Call]:
        """The calls that were made."""
        return self._account.calls

    def client(self, service: str) -> Any:
        """The client of a service."""
        name = "lambda_" if service == "lambda" else service
        return self._others.get(service) or getattr(self._account.clients, name)

    def stub(self, service: str) -> Stubber:
        """Answers to the calls of a service in place of moto's; all of them must be asked for."""
        stubber = self._stack.enter_context(Stubber(self.client(service)))
        self._stack.callback(stubber.assert_no_pending_responses)
        return stubber


@pytest.fixture(scope="session")
def other_clients(aws_server: Account) -> Iterator[dict[str, Any]]:
    """Clients of the other services, which take long to make."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws_server.url)
        made = {
            name: stack.enter_context(closing(Clients.client(aws_server.clients, name)))
            for name in OTHERS
        }
        for client in made.values():
            client.meta.events.register("before-parameter-build", aws_server.note)
        yield made


@pytest.fixture
def clients(account: Account, other_clients: dict[str, Any]) -> Iterator[WatchedClients]:
    """The clients of a test."""
    with ExitStack() as stack:
        yield WatchedClients(account, other_clients, stack)


@pytest.fixture
def snapshots() -> dict[str, dict[str, Any]]:
    """The reviewed definitions by their names, as of the site of the tests."""
    texts = {name: (DEFINITIONS / f"{name}.json").read_text() for name in CATALOGUE}
    return {
        name: json.loads(text.replace("image-classification", SITE.project))
        for name, text in texts.items()
    }
