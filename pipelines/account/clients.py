"""Makes the clients of AWS services: one session, each client when it is first asked for."""

from collections.abc import Callable
from functools import cached_property
from threading import Lock
from typing import Any

from pipelines.account.errors import AccountError, annotate, explained, keep_request
from steps.site import Site

MAX_ATTEMPTS = 8
CONNECT_SECONDS = 10
READ_SECONDS = 30
"""Calls answer in a second or so; botocore's minute would let one outlast a lease."""


class Clients:
    """Clients for the site's region, with the credentials of the environment.

    Calls that are throttled, or that a fault of the service or the network ends, are tried up to
    eight times. `AWS_ENDPOINT_URL` names another place than AWS.

    Source: botocore, "Retries", https://boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html
    """

    def __init__(self, site: Site, *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self._region = site.region
        self._max_attempts = max_attempts
        self._lock = Lock()

    @cached_property
    def _make(self) -> Callable[[str], Any]:
        import boto3
        from botocore.config import Config

        session = boto3.Session(region_name=self._region)
        session.events.register("before-parameter-build", keep_request)
        session.events.register("after-call", annotate)
        config = Config(
            retries={"mode": "standard", "total_max_attempts": self._max_attempts},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )
        return lambda service: session.client(service, config=config)

    def client(self, service: str) -> Any:
        """A new client; threads may ask at the same time, which a session alone does not bear.

        Raises:
            AccountError: It cannot be made of the credentials or the endpoint that are named.
        """
        with self._lock, explained():
            try:
                return self._make(service)
            except ValueError as error:
                # The one that botocore says nothing else of.
                if not str(error).startswith("Invalid endpoint: "):
                    raise
                raise AccountError(
                    f"'{str(error).removeprefix('Invalid endpoint: ')}' is no endpoint; expected "
                    "AWS_ENDPOINT_URL like https://127.0.0.1:5000."
                ) from error

    @cached_property
    def sagemaker(self) -> Any:
        """Pipelines, executions, model packages."""
        return self.client("sagemaker")

    @cached_property
    def s3(self) -> Any:
        """Objects."""
        return self.client("s3")

    @cached_property
    def lambda_(self) -> Any:
        """Functions."""
        return self.client("lambda")

    @cached_property
    def scheduler(self) -> Any:
        """Schedules."""
        return self.client("scheduler")

    @cached_property
    def events(self) -> Any:
        """Rules."""
        return self.client("events")

    @cached_property
    def sts(self) -> Any:
        """Who the caller is."""
        return self.client("sts")

    @cached_property
    def logs(self) -> Any:
        """Logs of jobs and functions."""
        return self.client("logs")

    @cached_property
    def iam(self) -> Any:
        """Roles."""
        return self.client("iam")
