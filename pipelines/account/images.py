"""Looks at the container images of jobs and models: whether they are in the site's region."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.account.errors import code
from pipelines.account.health import Finding, Verdict
from pipelines.definition import Json
from pipelines.permissions.project import found_images
from pipelines.permissions.values import Values

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)


def named_images(definitions: Mapping[str, Mapping[str, Json]]) -> list[str]:
    """The images that definitions name, each once."""
    values = [Values(definition, parameters={}) for definition in definitions.values()]
    images = {image for item in values for step in item.steps for image in found_images(step, item)}
    return sorted(images)


def look_at_image(uri: str, region: str, ecr: Any) -> Iterator[Finding]:
    """Whether an image can be pulled; asked by the call that pulls, which AWS's repositories allow.

    A model's image must be of the model's own region.

    Source: Amazon SageMaker AI API Reference, ContainerDefinition, member Image,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html

    Args:
        uri: The image.
        region: The site's region.
        ecr: An ECR client for it.
    """
    from botocore.exceptions import ClientError

    subject = f"Image {uri.rpartition('/')[2]}"
    match = _IMAGE.fullmatch(uri)
    if match is None:
        yield Finding(Verdict.UNKNOWN, subject, "It is in no repository of Amazon ECR.")
        return
    if match["region"] != region:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"It is in {match['region']}; name one of {region} in SITE_TRAINING_IMAGE_URI, "
            "SITE_PROCESSING_IMAGE_URI or SITE_INFERENCE_IMAGE_URI.",
        )
        return
    name = (
        {"imageDigest": match["digest"]}
        if match["digest"]
        else {"imageTag": match["tag"] or "latest"}
    )
    try:
        answer = ecr.batch_get_image(
            registryId=match["account"], repositoryName=match["repository"], imageIds=[name]
        )
    except ClientError as error:
        if code(error) != "RepositoryNotFoundException":
            raise
        answer = {"images": []}
    if answer["images"]:
        yield Finding(Verdict.OK, subject, f"It can be pulled in {region}.")
    else:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"It is not there in {region}; push it, or name another in SITE_TRAINING_IMAGE_URI, "
            "SITE_PROCESSING_IMAGE_URI or SITE_INFERENCE_IMAGE_URI.",
        )
