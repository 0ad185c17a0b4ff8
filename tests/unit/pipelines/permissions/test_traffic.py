"""Whoever sends traffic: the calls of the command are allowed, and nothing else is."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image

from pipelines.cli import main
from pipelines.permissions.evaluation import Request, Verdict, decide
from pipelines.permissions.roles import Permissions, Role, role_permissions
from steps.site import Site
from tests.aws import Call
from tests.unit.pipelines.permissions.asked import asked
from tests.unit.pipelines.permissions.client_calls import ROOT, actions_in
from tests.unit.pipelines.permissions.conftest import Definitions
from tests.unit.stubs import stubbed

ENDPOINT = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/image-classification"
PREFIX = "arn:aws:s3:::sagemaker-us-east-1-111122223333/image-classification"


def test_every_call_of_the_sources_is_in_the_policy(secure: Mapping[Role, Permissions]) -> None:
    """The policy has the calls of the command and of the client that it asks with, no more."""
    called = actions_in([ROOT / "pipelines/commands/traffic.py", ROOT / "inference/client.py"])
    # The key is used by S3.
    expected = {"kms:GenerateDataKey", "s3:PutObject", "sagemaker:InvokeEndpoint"}
    assert {action for item in secure[Role.TRAFFIC].statements for action in item.actions} == (
        expected
    )
    assert set(called) <= expected


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Call]]:
    """The calls that clients of boto3 make, whose answers are stubs': two, and one upload."""
    generators = {name: stubbed(name) for name in ("sagemaker-runtime", "s3")}
    stubs = {name: next(generator) for name, generator in generators.items()}
    for _ in range(2):
        body = io.BytesIO(b'{"predicted_label": "cat"}')
        stubs["sagemaker-runtime"].add_response("invoke_endpoint", {"Body": body})
    stubs["s3"].add_response("put_object", {})
    made: list[Call] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        made.append(Call(model.service_model.signing_name, model.name, params))

    for stub in stubs.values():
        stub.client.meta.events.register("before-parameter-build", note)
    monkeypatch.setattr(boto3, "client", lambda service, **_: stubs[service].client)
    yield made
    for generator in generators.values():
        assert next(generator, None) is None


def test_recorded_calls_are_allowed(
    calls: list[Call], definitions: Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the command asks of an account is in the policy, resource by resource."""
    monkeypatch.setenv("SITE_OUTPUT_KMS_KEY", "0a1b")
    images = tmp_path / "images"
    (images / "cat").mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(images / "cat" / "1.png")
    words = ["traffic", "image-classification", str(images), "--account", "--rate", "500"]
    assert main([*words, "--num-requests", "2"]) == 0
    site = Site(output_kms_key="0a1b")
    needed = role_permissions(site, definitions, names=["deployment"], parameters={})
    requests = [request for call in calls for request in asked(call)]
    for request in requests:
        verdict = decide(needed[Role.TRAFFIC].policies, request).verdict
        assert verdict is Verdict.ALLOWED, request
    assert {request.action for request in requests} == {
        "kms:GenerateDataKey",
        "s3:PutObject",
        "sagemaker:InvokeEndpoint",
    }


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:PutObject", f"{PREFIX}/ground-truth/image-classification/2026/a.jsonl", "allowed"),
        ("s3:PutObject", f"{PREFIX}/ground-truth/cats/2026/a.jsonl", "denied"),
        ("s3:GetObject", f"{PREFIX}/ground-truth/image-classification/2026/a.jsonl", "denied"),
        ("s3:PutObject", f"{PREFIX}/capture/image-classification/a.jsonl", "denied"),
        ("sagemaker:InvokeEndpoint", ENDPOINT, "allowed"),
        ("sagemaker:InvokeEndpoint", f"{ENDPOINT}-2", "denied"),
        ("sagemaker:UpdateEndpoint", ENDPOINT, "denied"),
    ],
)
def test_traffic_reaches_the_endpoint_and_its_labels(
    roles: Mapping[Role, Permissions], action: str, resource: str, expected: str
) -> None:
    """Nothing else of the endpoint, and no other endpoint."""
    request = Request(action=action, resource=resource)
    assert decide(roles[Role.TRAFFIC].policies, request).verdict == expected


def test_another_endpoint_is_allowed_by_its_name(definitions: Definitions) -> None:
    """The parameter names it, as it does when the endpoint is deployed."""
    needed = role_permissions(
        Site(), definitions, names=["deployment"], parameters={"EndpointName": "cats"}
    )
    ask, write = needed[Role.TRAFFIC].statements
    assert ask.resources == ("arn:aws:sagemaker:us-east-1:111122223333:endpoint/cats",)
    assert write.resources == (f"{PREFIX}/ground-truth/cats/*",)


def test_pipelines_without_endpoints_get_no_traffic(definitions: Definitions) -> None:
    """A training serves nobody."""
    needed = role_permissions(Site(), definitions, names=["training"], parameters={})
    assert needed[Role.TRAFFIC].policies == []
