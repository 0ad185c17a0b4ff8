"""Clients with the services' own models that cannot reach anything."""

from collections.abc import Iterator

import botocore.session
from botocore.stub import Stubber

_SESSION = botocore.session.Session()
"""Keeps the models of the services, which take long to load."""


def stubbed(service: str) -> Iterator[Stubber]:
    """A stubbed client; everything that a test expects of it must be asked for."""
    client = _SESSION.create_client(
        service,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 - signs nothing
    )
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()
