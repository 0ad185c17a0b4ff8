"""Releases made of the snapshots of definitions, without the SDK; an account of moto's."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.compile import Compiled
from pipelines.definition import load
from pipelines.plan import Deployed
from pipelines.reconcile import PresentRule
from pipelines.release import Release, release
from steps.bundle import bundle
from steps.lambda_function import lambda_function
from steps.site import Site
from tests.aws import account, aws_server

__all__ = ["account", "aws_server"]

DEFINITIONS = Path(__file__).parents[2] / "definitions"
SITE = Site(project="image-classification")


@pytest.fixture(scope="session")
def compiled_snapshot() -> Callable[[str], Compiled]:
    """Makes what compiling a pipeline gives, out of its snapshot."""

    def make(name: str) -> Compiled:
        text = (DEFINITIONS / f"{name}.json").read_text()
        bundles = {step: bundle(step) for step in set(re.findall(r"<bundle:(\w+)>", text))}
        folders = set(re.findall(r"<function:(\w+)>", text))
        functions = {folder: lambda_function(folder, SITE) for folder in folders}
        for step, shipped in bundles.items():
            text = text.replace(f"<bundle:{step}>", shipped.digest)
        for folder, function in functions.items():
            text = text.replace(f"<function:{folder}>", function.digest)
        return Compiled(
            name=name,
            definition=text,
            objects={SITE.uri("code", step, "archive"): b"12345" for step in sorted(bundles)},
            bundles=bundles,
            functions=functions,
        )

    return make


@pytest.fixture(scope="session")
def retraining(compiled_snapshot: Callable[[str], Compiled]) -> Release:
    """The release of `retraining`, where `monitoring` is deployed as well."""
    compiled = compiled_snapshot("retraining")
    return release(compiled, SITE, pipelines=["monitoring"], approved={})


@pytest.fixture(scope="session")
def deployed(retraining: Release) -> Deployed:
    """What is there after the release of `retraining`."""
    return Deployed(
        definition=load(retraining.definition),
        description=retraining.description,
        role_arn=retraining.role_arn,
        max_parallel_steps=retraining.max_parallel_steps,
        tags=retraining.tags,
        functions=frozenset(function.arn for function in retraining.functions),
        # The service adds members of its own.
        schedules={
            schedule["Name"]: {**schedule, "Arn": "arn", "CreationDate": 0}
            for schedule in retraining.schedules
        },
        rules={
            requests.rule["Name"]: PresentRule(
                rule={**requests.rule, "Arn": "arn", "EventBusName": "default"},
                targets={requests.target["Id"]: requests.target},
            )
            for requests in retraining.rules
        },
    )
