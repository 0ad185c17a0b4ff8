"""Looks at container images, in repositories of moto's."""

import pytest

from pipelines.account.health import Finding, Look, Verdict
from pipelines.account.images import look_at_image, named_images
from tests.aws import SITE
from tests.unit.pipelines.account.looking import (
    WatchedClients,
    clients,
    other_clients,
    push_image,
    snapshots,
)

__all__ = ["clients", "other_clients", "snapshots"]

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

REPOSITORY = f"{SITE.account}.dkr.ecr.us-east-1.amazonaws.com/dogs/train"
ELSEWHERE = "SITE_TRAINING_IMAGE_URI, SITE_PROCESSING_IMAGE_URI or SITE_INFERENCE_IMAGE_URI."


def _look(clients: WatchedClients, uri: str) -> Finding:
    [finding] = look_at_image(uri, SITE.region, clients.client("ecr"))
    return finding


@pytest.fixture
def digest(clients: WatchedClients) -> str:
    """The digest of an image that was pushed with the tags `1.0` and `latest`."""
    ecr = clients.client("ecr")
    ecr.create_repository(repositoryName="dogs/train")
    [found] = {push_image(ecr, "dogs/train", tag) for tag in ("1.0", "latest")}
    return found


@pytest.mark.parametrize("suffix", [":1.0", "@{digest}", ":1.0@{digest}", ""])
def test_an_image_is_found_by_tag_or_digest(
    clients: WatchedClients, digest: str, suffix: str
) -> None:
    """A digest comes before a tag, and without both it is the latest."""
    name = f"train{suffix.format(digest=digest)}"
    assert _look(clients, f"{REPOSITORY.removesuffix('train')}{name}") == Finding(
        Verdict.OK, f"Image {name}", "It can be pulled in us-east-1."
    )


@pytest.mark.parametrize("uri", [f"{REPOSITORY}:2.0", f"{REPOSITORY}s:1.0"])
@pytest.mark.usefixtures("digest")
def test_an_image_that_is_not_there_is_a_problem(clients: WatchedClients, uri: str) -> None:
    """The tag is absent, or the whole repository."""
    assert _look(clients, uri) == Finding(
        Verdict.PROBLEM,
        f"Image {uri.rpartition('/')[2]}",
        f"It is not there in us-east-1; push it, or name another in {ELSEWHERE}",
    )


def test_an_image_of_another_region_is_a_problem(clients: WatchedClients) -> None:
    """No call is made for it: models want one of their own region."""
    uri = f"{SITE.account}.dkr.ecr.eu-west-1.amazonaws.com/dogs:1.0"
    assert _look(clients, uri) == Finding(
        Verdict.PROBLEM,
        "Image dogs:1.0",
        f"It is in eu-west-1; name one of us-east-1 in {ELSEWHERE}",
    )
    assert clients.calls == []


def test_an_image_outside_of_ecr_could_not_be_told(clients: WatchedClients) -> None:
    """Nobody can be asked about it."""
    assert _look(clients, "docker.io/library/python:3.13") == Finding(
        Verdict.UNKNOWN, "Image python:3.13", "It is in no repository of Amazon ECR."
    )


def test_repositories_may_refuse(clients: WatchedClients) -> None:
    """AWS's own are asked with their account, and may keep to themselves what they have."""
    registry = "763104351884"
    uri = f"{registry}.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313"
    arn = f"arn:aws:ecr:us-east-1:{registry}:repository/pytorch-training"
    clients.stub("ecr").add_client_error(
        "batch_get_image",
        "AccessDeniedException",
        f"User: arn:aws:iam::{SITE.account}:user/anna is not authorized to perform: "
        f"ecr:BatchGetImage on resource: {arn} because no identity-based policy allows the "
        "ecr:BatchGetImage action",
        http_status_code=400,
        expected_params={
            "registryId": registry,
            "repositoryName": "pytorch-training",
            "imageIds": [{"imageTag": "2.10.0-cpu-py313"}],
        },
    )
    look = Look("Image", "ecr", lambda ecr: look_at_image(uri, SITE.region, ecr))
    assert look.findings(clients.client) == [
        Finding(
            Verdict.UNKNOWN,
            "Image",
            "The credentials in use do not allow ecr:BatchGetImage on "
            "'repository/pytorch-training'; 'pipelines permissions' prints the policies that are "
            "needed, and with '--role ROLE --compare FILE' what a policy lacks.",
        )
    ]


def test_images_are_those_that_definitions_name(snapshots: dict[str, dict[str, object]]) -> None:
    """Jobs name their images, and model packages those that will serve."""
    names = [uri.rpartition("/")[2] for uri in named_images(snapshots)]
    assert names == [
        "pytorch-inference:2.6.0-cpu-py312",
        "pytorch-training:2.10.0-cpu-py313",
        "pytorch-training:2.10.0-gpu-py313",
    ]
