"""What the jobs, models and endpoints of pipelines reach: objects, images, logs, keys, networks.

Source: Amazon SageMaker AI Developer Guide, "How to use SageMaker AI execution roles",
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
"""

import re
from collections.abc import Iterator

from pipelines.definition import Step
from pipelines.log_groups import JOBS, endpoint_group, job_group
from pipelines.permissions.arns import Arns
from pipelines.permissions.patterns import ANYTHING
from pipelines.permissions.policy import Statement
from pipelines.permissions.project import REGISTER, Project, found_images, placed
from pipelines.permissions.statements import (
    LOG_ACTIONS,
    OBJECT_KEY_ACTIONS,
    key_statements,
    list_statements,
    log_statement,
    metrics_statement,
    object_statement,
    volume_key_statements,
)
from pipelines.permissions.values import Member, Place, Values, members, places
from steps.errors import DeclarationError

_JOB_KEY_ACTIONS = (*OBJECT_KEY_ACTIONS, "kms:Encrypt")
"""Of a role whose jobs name the key of their outputs.

Source: Amazon SageMaker AI API Reference, OutputDataConfig, member KmsKeyId,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html
"""
_RUNNING = ("Model", *JOBS)
"""Step types that run containers under the role."""


def job_statements(project: Project) -> Iterator[Statement]:
    """The statements for what runs under the execution role.

    Raises:
        DeclarationError: A step reads or writes at a place that is not known beforehand, or an
            image is in no repository of Amazon ECR.
    """
    arns = Arns(project.site)
    yield from _objects(project, arns)
    yield from _images(project)
    yield from _logs_and_metrics(project, arns)
    yield from _keys(project, arns)
    yield from _network(project, arns)


def _objects(project: Project, arns: Arns) -> Iterator[Statement]:
    read: set[Place] = set()
    written: set[Place] = set()
    for step, values in project.steps(*_RUNNING, REGISTER, "EndpointConfig"):
        for member in members(step.body["Arguments"]):
            is_read, is_written = _access(member)
            found = placed(step, values, member.value) if is_read or is_written else []
            read.update(found if is_read else ())
            written.update(found if is_written else ())
        read.update(_reported(step, values))
    if project.serves_packages:
        read.update(place for uri in project.recorded_uris for place in places(uri, REGISTER))
    if read:
        yield object_statement(arns, "ReadObjects", ["s3:GetObject"], read)
        yield from list_statements(arns, read)
    if written:
        yield object_statement(arns, "WriteObjects", ["s3:PutObject"], written)


def _access(member: Member) -> tuple[bool, bool]:
    """Whether a job reads, and whether it writes, what a member of its request names."""
    match member.path:
        case (*_, "CheckpointConfig", "S3Uri"):
            return True, True
        case (*_, "S3Input" | "S3DataSource", "S3Uri") | (*_, "ModelDataUrl"):
            return True, False
        case (*_, "S3Output", "S3Uri") | (*_, "S3OutputPath" | "DestinationS3Uri"):
            return False, True
    return False, False


def _reported(step: Step, values: Values) -> Iterator[Place]:
    """Reports of a step that the pipeline reads for its conditions."""
    files = step.body.get("PropertyFiles", [])
    outputs = step.body["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", [])
    for output in outputs:
        if output["OutputName"] in {item["OutputName"] for item in files}:
            yield from placed(step, values, output["S3Output"]["S3Uri"])


_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?"
    r"/(?P<repository>[^:@]+)([:@].*)?"
)


def image_repositories(project: Project) -> list[str]:
    """ARNs of the repositories of the container images that jobs and models run.

    Raises:
        DeclarationError: An image is in no repository of Amazon ECR.
    """
    images = [
        image
        for step, values in project.steps(*_RUNNING, REGISTER)
        for image in found_images(step, values)
    ]
    if project.serves_packages:
        images += project.recorded_images
    repositories = set()
    for image in images:
        match = _IMAGE.fullmatch(image)
        if match is None:
            raise DeclarationError(
                f"The image '{image}' is in no repository of Amazon ECR, so that no policy can "
                "name it; expected <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>."
            )
        place = f"{match['region']}:{match['account']}:repository/{match['repository']}"
        repositories.add(f"arn:{project.site.partition}:ecr:{place}")
    return sorted(repositories)


def _images(project: Project) -> Iterator[Statement]:
    repositories = image_repositories(project)
    if repositories:
        yield Statement(
            sid="PullImages",
            actions=(
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ),
            resources=tuple(repositories),
        )
        yield Statement(
            sid="LogInToImages",
            actions=("ecr:GetAuthorizationToken",),
            resources=(ANYTHING,),
            reason="The service takes no resource for it: one token is for all repositories.",
        )


def job_log_groups(project: Project) -> list[str]:
    """Names of the log groups of jobs and endpoints."""
    jobs = {job_group(step.type) for step, _ in project.steps(*JOBS)}
    endpoints = {
        endpoint_group(name)
        for step, values in project.steps("Endpoint")
        for name in values.texts(step.body["Arguments"]["EndpointName"])
    }
    return sorted(jobs | endpoints)


def _logs_and_metrics(project: Project, arns: Arns) -> Iterator[Statement]:
    groups = job_log_groups(project)
    if groups:
        yield log_statement(arns, groups, [*LOG_ACTIONS, "logs:DescribeLogStreams"])
        yield metrics_statement(sorted({"/".join(name.split("/")[:4]) for name in groups}))


def _keys(project: Project, arns: Arns) -> Iterator[Statement]:
    volumes = _keys_at(project, is_volume=True)
    if volumes:
        yield from volume_key_statements(arns, volumes)
    keys = object_keys(project)
    if keys:
        yield from key_statements(arns, "EncryptObjects", _JOB_KEY_ACTIONS, keys)


def object_keys(project: Project) -> list[str]:
    """Keys that outputs are encrypted with, as the requests name them."""
    return _keys_at(project, is_volume=False)


def _keys_at(project: Project, *, is_volume: bool) -> list[str]:
    found: set[str] = set()
    for step, values in project.steps(*_RUNNING, "EndpointConfig"):
        for member in members(step.body["Arguments"]):
            match member.path:
                case (*_, "VolumeKmsKeyId") | ("KmsKeyId",):
                    is_of_volume = True
                case (*_, "KmsKeyId"):
                    is_of_volume = False
                case _:
                    continue
            if is_of_volume == is_volume:
                found.update(values.texts(member.value))
    return sorted(found)


def _network(project: Project, arns: Arns) -> Iterator[Statement]:
    subnets, groups = project.texts("Subnets"), project.texts("SecurityGroupIds")
    if not subnets:
        return
    yield Statement(
        sid="JoinNetwork",
        actions=(
            "ec2:CreateNetworkInterface",
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
        ),
        resources=(
            arns.of("ec2", "network-interface/*"),
            *(arns.of("ec2", f"security-group/{name}") for name in groups),
            *(arns.of("ec2", f"subnet/{name}") for name in subnets),
        ),
        reason="Network interfaces get their ids when a job starts.",
    )
    yield Statement(
        sid="ReadNetwork",
        actions=(
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
        resources=(ANYTHING,),
        reason="The service takes no resource for them.",
    )
