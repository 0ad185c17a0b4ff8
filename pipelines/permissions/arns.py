"""Writes the ARNs of a site's resources.

Source: AWS Service Authorization Reference, "Resource types defined by" each service,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Iterable

from pipelines.permissions.values import Place
from steps.site import Site


class Arns:
    """The ARNs of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def of(self, service: str, resource: str) -> str:
        """ARN of a resource of the site's account and region."""
        site = self._site
        return f"arn:{site.partition}:{service}:{site.region}:{site.account}:{resource}"

    def sagemaker(self, kind: str, name: str) -> list[str]:
        """ARNs of a resource of SageMaker: the service writes some names in lower case.

        Source: Amazon SageMaker AI Developer Guide, "Run a pipeline", "Examine a Pipeline
        Execution", https://docs.aws.amazon.com/sagemaker/latest/dg/run-pipeline.html
        """
        names = dict.fromkeys((name, name.lower()))
        return [self.of("sagemaker", f"{kind}/{item}") for item in names]

    def bucket(self, name: str) -> str:
        """ARN of a bucket."""
        return f"arn:{self._site.partition}:s3:::{name}"

    def objects(self, places: Iterable[Place]) -> list[str]:
        """ARNs of objects."""
        return [f"{self.bucket(place.bucket)}/{place.key}" for place in places]

    def log_group(self, name: str) -> list[str]:
        """ARNs of a log group and of its streams."""
        return [self.of("logs", f"log-group:{name}"), self.of("logs", f"log-group:{name}:*")]

    def service_role(self, service: str, name: str) -> str:
        """ARN of a role that belongs to a service."""
        site = self._site
        return (
            f"arn:{site.partition}:iam::{site.account}:role/aws-service-role/"
            f"{service}.amazonaws.com/{name}"
        )

    def key(self, name: str) -> str:
        """ARN of a key or an alias of KMS, from whatever a setting says."""
        if name.startswith("arn:"):
            return name
        return self.of("kms", name if name.startswith("alias/") else f"key/{name}")
