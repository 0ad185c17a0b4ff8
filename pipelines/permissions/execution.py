"""What the execution role needs: a pipeline calls the service with it, and its jobs run under it.

Sources: Amazon SageMaker AI Developer Guide, "IAM Access Management" of Pipelines,
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html, and "How to use
SageMaker AI execution roles",
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
"""

import re
from collections.abc import Iterable, Iterator

from pipelines.definition import Json, Step
from pipelines.permissions.arns import Arns
from pipelines.permissions.objects import list_statements, object_statement
from pipelines.permissions.patterns import ANYTHING
from pipelines.permissions.policy import Statement
from pipelines.permissions.project import REGISTER, Project, found_images, placed
from pipelines.permissions.values import Member, Place, Values, members, places
from steps.errors import DeclarationError

_KINDS = {
    "Model": ("model", ("CreateModel", "DescribeModel")),
    "Processing": (
        "processing-job",
        ("CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob"),
    ),
    "Training": ("training-job", ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob")),
    "Transform": (
        "transform-job",
        ("CreateTransformJob", "DescribeTransformJob", "StopTransformJob"),
    ),
}
"""Resource type and actions of the steps whose resources the service names `pipelines-...`."""

_JOBS = {
    "Processing": "ProcessingJobs",
    "Training": "TrainingJobs",
    "Transform": "TransformJobs",
    "Tuning": "TrainingJobs",
}
"""The word for a step's jobs in the names of log groups and namespaces of metrics.

Source: Amazon SageMaker AI Developer Guide, "Log groups and streams that Amazon SageMaker AI sends
to Amazon CloudWatch Logs", https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""

_MAX_STEP_CHARACTERS = 8
"""So much of a Tuning step's name is in the name of its job, which may have 32 characters."""

_MADE_UP = "The service makes up the names of jobs and models when a step starts."
_VERSIONS = "Each version of a function has an alias of its own, code-<digest>."
_PACKAGES = "Versions of a model package are numbered when they are registered."


def execution_statements(project: Project) -> Iterator[Statement]:
    """The statements of the execution role.

    Raises:
        DeclarationError: A step reads or writes at a place that is not known beforehand.
    """
    arns = Arns(project.site)
    yield from _jobs(project, arns)
    yield from _tuning(project, arns)
    yield from _registry(project, arns)
    yield from _endpoints(project, arns)
    yield from _functions(project)
    roles = {*_texts(project, "RoleArn"), *_texts(project, "ExecutionRoleArn")}
    if roles:
        yield pass_role_statement("PassRole", sorted(roles), ["sagemaker"])
    yield from _objects(project, arns)
    yield from _images(project)
    yield from _logs_and_metrics(project, arns)
    yield from _keys(project, arns)
    yield from _network(project, arns)


def pass_role_statement(sid: str, roles: Iterable[str], services: Iterable[str]) -> Statement:
    """Leave to give roles to services, and to no other."""
    names = [f"{service}.amazonaws.com" for service in services]
    return Statement(
        sid=sid,
        actions=("iam:PassRole",),
        resources=tuple(roles),
        condition={"StringEquals": {"iam:PassedToService": names}},
    )


def _jobs(project: Project, arns: Arns) -> Iterator[Statement]:
    types = {step.type for step, _ in project.steps(*_KINDS)}
    if types:
        kinds = [_KINDS[name] for name in sorted(types)]
        yield Statement(
            sid="Jobs",
            actions=(
                "sagemaker:AddTags",
                *(f"sagemaker:{action}" for _, actions in kinds for action in actions),
            ),
            resources=tuple(arns.of("sagemaker", f"{kind}/pipelines-*") for kind, _ in kinds),
            reason=_MADE_UP,
        )


def _tuning(project: Project, arns: Arns) -> Iterator[Statement]:
    names = [f"*-{step.name[:_MAX_STEP_CHARACTERS]}-*" for step, _ in project.steps("Tuning")]
    if names:
        yield Statement(
            sid="Tuning",
            actions=(
                "sagemaker:AddTags",
                "sagemaker:CreateHyperParameterTuningJob",
                "sagemaker:DescribeHyperParameterTuningJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
                "sagemaker:StopHyperParameterTuningJob",
            ),
            resources=tuple(
                arn
                for name in names
                for kind in ("hyper-parameter-tuning-job", "training-job")
                for arn in arns.sagemaker(kind, name)
            ),
            reason="The service names them <execution>-<step>-...; executions have made up ids.",
        )


def _registry(project: Project, arns: Arns) -> Iterator[Statement]:
    groups = {
        text
        for step, values in project.steps(REGISTER)
        for text in values.texts(step.body["Arguments"]["ModelPackageGroupName"])
    }
    if groups:
        yield Statement(
            sid="RegisterModels",
            actions=(
                "sagemaker:AddTags",
                "sagemaker:CreateModelPackage",
                "sagemaker:CreateModelPackageGroup",
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
            ),
            resources=tuple(arn for group in sorted(groups) for arn in package_arns(arns, group)),
            reason=_PACKAGES,
        )
    if _serves_packages(project) and project.site.model_package_group not in groups:
        yield Statement(
            sid="ReadModelPackages",
            actions=("sagemaker:DescribeModelPackage",),
            resources=tuple(
                arns.sagemaker("model-package", f"{project.site.model_package_group}/*")
            ),
            reason=_PACKAGES,
        )


def package_arns(arns: Arns, group: str) -> list[str]:
    """ARNs of a model package group and of its packages."""
    return [
        *arns.sagemaker("model-package-group", group),
        *arns.sagemaker("model-package", f"{group}/*"),
    ]


def _endpoints(project: Project, arns: Arns) -> Iterator[Statement]:
    configs = [
        arn
        for step, values in project.steps("EndpointConfig")
        for name in values.texts(step.body["Arguments"]["EndpointConfigName"])
        for arn in arns.sagemaker("endpoint-config", name)
    ]
    if configs:
        yield Statement(
            sid="EndpointConfigs",
            actions=(
                "sagemaker:AddTags",
                "sagemaker:CreateEndpoint",  # which the service checks on both resources
                "sagemaker:CreateEndpointConfig",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:UpdateEndpoint",
            ),
            resources=tuple(configs),
            reason="The configurations of an endpoint are named after executions.",
        )
    endpoints = [
        arn
        for step, values in project.steps("Endpoint")
        for name in values.texts(step.body["Arguments"]["EndpointName"])
        for arn in arns.sagemaker("endpoint", name)
    ]
    if endpoints:
        yield Statement(
            sid="Endpoints",
            actions=(
                "sagemaker:AddTags",
                "sagemaker:CreateEndpoint",
                "sagemaker:DescribeEndpoint",
                "sagemaker:UpdateEndpoint",
            ),
            resources=tuple(endpoints),
        )
    alarms = _texts(project, "AlarmName")
    if alarms:
        # Source: Amazon SageMaker AI Developer Guide, "Auto-Rollback Configuration and Monitoring",
        # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
        yield Statement(
            sid="RollbackAlarms",
            actions=("cloudwatch:DescribeAlarms",),
            resources=tuple(arns.of("cloudwatch", f"alarm:{name}") for name in alarms),
        )


def _functions(project: Project) -> Iterator[Statement]:
    functions = {
        # The alias is that of one version of the code.
        f"{step.body['FunctionArn'].rpartition(':code-')[0]}:code-*"
        for step, _ in project.steps("Lambda")
    }
    if functions:
        yield Statement(
            sid="CallFunctions",
            actions=("lambda:InvokeFunction",),
            resources=tuple(functions),
            reason=_VERSIONS,
        )


def _objects(project: Project, arns: Arns) -> Iterator[Statement]:
    read: set[Place] = set()
    written: set[Place] = set()
    for step, values in project.steps(*_KINDS, *_JOBS, REGISTER, "EndpointConfig"):
        for member in members(step.body["Arguments"]):
            is_read, is_written = _access(member)
            found = placed(step, values, member.value) if is_read or is_written else []
            read.update(found if is_read else ())
            written.update(found if is_written else ())
        read.update(_reported(step, values))
    if _serves_packages(project):
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


def _serves_packages(project: Project) -> bool:
    """Whether models are made of model packages, whose objects and images they read."""
    return any(
        member.path[-1] == "ModelPackageName"
        for step, _ in project.steps("Model")
        for member in members(step.body["Arguments"])
    )


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
        for step, values in project.steps(*_KINDS, *_JOBS, REGISTER)
        for image in found_images(step, values)
    ]
    if _serves_packages(project):
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
    jobs = {_JOBS[step.type] for step, _ in project.steps(*_JOBS)}
    endpoints = {
        f"Endpoints/{name}"
        for step, values in project.steps("Endpoint")
        for name in values.texts(step.body["Arguments"]["EndpointName"])
    }
    return [f"/aws/sagemaker/{name}" for name in sorted(jobs | endpoints)]


def _logs_and_metrics(project: Project, arns: Arns) -> Iterator[Statement]:
    groups = job_log_groups(project)
    if groups:
        yield log_statement(arns, groups)
        yield metrics_statement(sorted({"/".join(name.split("/")[:4]) for name in groups}))


def log_statement(arns: Arns, groups: Iterable[str]) -> Statement:
    """Leave to write logs, into groups that the first to write makes."""
    return Statement(
        sid="WriteLogs",
        actions=(
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ),
        resources=tuple(arn for name in groups for arn in arns.log_group(name)),
        reason="Log streams are named after jobs, instances and versions.",
    )


def metrics_statement(namespaces: Iterable[str]) -> Statement:
    """Leave to publish metrics.

    Source: Amazon CloudWatch User Guide, "Using condition keys to limit access to CloudWatch
    namespaces", https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
    """
    return Statement(
        sid="PublishMetrics",
        actions=("cloudwatch:PutMetricData",),
        resources=(ANYTHING,),
        condition={"StringEquals": {"cloudwatch:namespace": list(namespaces)}},
        reason="The service takes no resource for it; the condition names the namespaces.",
    )


def _keys(project: Project, arns: Arns) -> Iterator[Statement]:
    volumes = _keys_at(project, is_volume=True)
    if volumes:
        yield from key_statements(arns, "EncryptVolumes", ["kms:CreateGrant"], volumes)
    keys = object_keys(project)
    if keys:
        yield from key_statements(arns, "EncryptObjects", OBJECT_KEY_ACTIONS, keys)


def object_keys(project: Project) -> list[str]:
    """Keys that outputs are encrypted with, as the requests name them."""
    return _keys_at(project, is_volume=False)


def _keys_at(project: Project, *, is_volume: bool) -> list[str]:
    found: set[str] = set()
    for step, values in project.steps(*_KINDS, *_JOBS, "EndpointConfig"):
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


OBJECT_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
"""Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)",
"Permissions", https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""


def key_statements(
    arns: Arns, sid: str, actions: Iterable[str], keys: Iterable[str]
) -> Iterator[Statement]:
    """Leave to use keys, each named by its id, its ARN, an alias or an alias' ARN.

    A policy cannot name an alias but as a condition.

    Source: AWS KMS Developer Guide, "Use aliases to control access to KMS keys",
    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    named = sorted(set(map(arns.key, keys)))
    aliases = [arn.partition(":alias/")[2] for arn in named if ":alias/" in arn]
    known = [arn for arn in named if ":alias/" not in arn]
    if known:
        yield Statement(sid=sid, actions=tuple(actions), resources=tuple(known))
    if aliases:
        yield Statement(
            sid=f"{sid}ByAlias",
            actions=tuple(actions),
            resources=(arns.of("kms", "key/*"),),
            condition={
                "ForAnyValue:StringEquals": {
                    "kms:ResourceAliases": [f"alias/{name}" for name in aliases]
                }
            },
            reason="A policy names a key by its id; the setting names an alias, as the condition "
            "does.",
        )


def _network(project: Project, arns: Arns) -> Iterator[Statement]:
    subnets, groups = _texts(project, "Subnets"), _texts(project, "SecurityGroupIds")
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


def _texts(project: Project, name: str) -> list[str]:
    """What members of a name may be, in all requests; those of lists singly."""
    found: dict[str, None] = {}
    for values in project.pipelines.values():
        for step in values.steps:
            for member in members(step.body.get("Arguments", {})):
                if member.path[-1] == name:
                    items: list[Json] = (
                        member.value if isinstance(member.value, list) else [member.value]
                    )
                    found.update(
                        dict.fromkeys(text for item in items for text in values.texts(item))
                    )
    return sorted(found)
