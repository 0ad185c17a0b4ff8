"""What whoever sends traffic to endpoints needs: ask them, and write the labels of their answers.

It is a policy of its own: publishing asks no endpoint, and who asks one need publish nothing.
"""

from collections.abc import Iterator

from pipelines.permissions.arns import Arns
from pipelines.permissions.policy import Statement
from pipelines.permissions.project import Project
from pipelines.permissions.statements import key_statements
from pipelines.permissions.values import places
from steps.ground_truth import ground_truth_uri


def traffic_statements(project: Project) -> Iterator[Statement]:
    """The statements of whoever sends traffic to the endpoints that the pipelines name.

    An object that is written in one request needs no leave to decrypt.

    Args:
        project: The pipelines that deploy or watch endpoints.

    Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)",
    "Permissions", https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    site = project.site
    arns = Arns(site)
    endpoints = project.texts("EndpointName")
    if not endpoints:
        return
    yield Statement(
        sid="AskEndpoints",
        actions=("sagemaker:InvokeEndpoint",),
        resources=tuple(arn for name in endpoints for arn in arns.sagemaker("endpoint", name)),
    )
    labels = [
        place
        for name in endpoints
        for place in places(f"{ground_truth_uri(site, name)}/", "traffic")
    ]
    yield Statement(
        sid="WriteLabels",
        actions=("s3:PutObject",),
        resources=tuple(arns.objects(labels)),
        reason="Files of labels are named when they are written.",
    )
    if site.output_kms_key:
        yield from key_statements(
            arns, "EncryptLabels", ["kms:GenerateDataKey"], [site.output_kms_key]
        )
