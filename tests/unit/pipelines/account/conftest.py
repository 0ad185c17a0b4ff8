"""A small pipeline to publish, of which there are many versions."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from pipelines.account.clients import Clients
from pipelines.account.deployed import State, read_state
from pipelines.account.upsert import upsert
from pipelines.compile import Compiled
from steps.bundle import Bundle
from steps.lambda_function import Function, lambda_function
from steps.site import Site
from tests.aws import SITE, Account


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a pipeline, which differs from the others in all that can differ."""

    number: int
    name: str = "retraining"
    padding: int = 0
    """Characters to make the definition longer by."""
    has_tags: bool = True

    @property
    def site(self) -> Site:
        """The site, with another schedule and another tag in each version."""
        tags = {"version": str(self.number)} if self.has_tags else {}
        return replace(SITE, retraining_schedule=f"rate({self.number + 2} days)", tags=tags)

    @property
    def function(self) -> Function:
        """The function that its step calls."""
        function = lambda_function("find_approved_model", self.site)
        code = Bundle("find_approved_model", {"code.py": f"{self.number}\n".encode()})
        return replace(function, code=code)

    @property
    def compiled(self) -> Compiled:
        """What compiling gives."""
        bundle = Bundle("train", {"train.py": f"print({self.number})\n".encode()})
        uri = self.site.uri("code", "train", bundle.digest, "train.py")
        steps = [
            {
                "Name": "FindApprovedModel",
                "Type": "Lambda",
                "FunctionArn": self.function.arn,
                "Arguments": {},
            },
            {"Name": "Train", "Type": "Training", "Arguments": {"Code": uri}},
        ]
        definition = {"Version": "2020-12-01", "Parameters": [], "Steps": steps}
        if self.padding:
            definition["Metadata"] = {"Padding": "." * self.padding}
        return Compiled(
            name=self.name,
            definition=json.dumps(definition, indent=2),
            objects={
                uri: bundle.files["train.py"],
                self.site.uri("code", "placeholders", "none", "README.txt"): b"None.\n",
            },
            bundles={"train": bundle},
            functions={"find_approved_model": self.function},
        )

    def state(self, clients: Clients) -> State:
        """What there is of it."""
        return read_state(self.compiled, self.site, clients)

    def upsert(self, clients: Clients) -> list[str]:
        """Publish it, and return what is said."""
        said: list[str] = []
        upsert(self.state(clients), self.site, clients, owner="anna@laptop", say=said.append)
        return said


@pytest.fixture
def version() -> Callable[[int], Version]:
    """Makes a version by its number."""
    return lambda number: Version(number=number)


@pytest.fixture
def with_monitoring(account: Account) -> Account:
    """An account where `monitoring` is deployed, so that the drift rule and its function exist."""
    account.clients.sagemaker.create_pipeline(
        PipelineName="dogs-monitoring",
        PipelineDefinition='{"Steps": []}',
        RoleArn=SITE.role_arn,
    )
    account.forget()
    return account
