"""What the execution role needs: a pipeline calls the service with it, and its jobs run under it.

Source: Amazon SageMaker AI Developer Guide, "IAM Access Management" of Pipelines,
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html
"""

from collections.abc import Iterator

from pipelines.permissions.arns import Arns
from pipelines.permissions.jobs import job_statements
from pipelines.permissions.policy import Statement
from pipelines.permissions.project import REGISTER, Project
from pipelines.permissions.statements import pass_role_statement

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

_MAX_STEP_CHARACTERS = 8
"""So much of a Tuning step's name is in the name of its job, which may have 32 characters."""

_TUNING_READS = (
    "sagemaker:DescribeHyperParameterTuningJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
)

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
    roles = {*project.texts("RoleArn"), *project.texts("ExecutionRoleArn")}
    if roles:
        yield pass_role_statement("PassRole", sorted(roles), ["sagemaker"])
    yield from job_statements(project)


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


def _tuning_arns(project: Project, arns: Arns) -> list[str]:
    """ARNs of tuning jobs and of the training jobs that they start."""
    return [
        arn
        for step, _ in project.steps("Tuning")
        for kind in ("hyper-parameter-tuning-job", "training-job")
        for arn in arns.sagemaker(kind, f"*-{step.name[:_MAX_STEP_CHARACTERS]}-*")
    ]


def _endpoint_arns(project: Project, arns: Arns) -> list[str]:
    return [
        arn
        for step, values in project.steps("Endpoint")
        for name in values.texts(step.body["Arguments"]["EndpointName"])
        for arn in arns.sagemaker("endpoint", name)
    ]


def look_statements(project: Project, arns: Arns) -> Iterator[Statement]:
    """Leave to look at what steps made, to tell why one failed."""
    jobs = sorted({step.type for step, _ in project.steps(*_KINDS) if step.type != "Model"})
    actions = [f"sagemaker:Describe{name}Job" for name in jobs]
    resources = [arns.of("sagemaker", f"{_KINDS[name][0]}/pipelines-*") for name in jobs]
    tuning = _tuning_arns(project, arns)
    if tuning:
        resources += tuning
        actions += _TUNING_READS
    if resources:
        yield Statement(
            sid="LookAtJobs",
            actions=tuple(actions),
            resources=tuple(resources),
            reason=_MADE_UP,
        )
    endpoints = _endpoint_arns(project, arns)
    if endpoints:
        yield Statement(
            sid="LookAtEndpoints",
            actions=("sagemaker:DescribeEndpoint",),
            resources=tuple(endpoints),
        )


def _tuning(project: Project, arns: Arns) -> Iterator[Statement]:
    resources = _tuning_arns(project, arns)
    if resources:
        yield Statement(
            sid="Tuning",
            actions=(
                "sagemaker:AddTags",
                "sagemaker:CreateHyperParameterTuningJob",
                "sagemaker:StopHyperParameterTuningJob",
                *_TUNING_READS,
            ),
            resources=tuple(resources),
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
    if project.serves_packages and project.site.model_package_group not in groups:
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
    endpoints = _endpoint_arns(project, arns)
    if endpoints:
        yield Statement(
            sid="Endpoints",
            actions=("sagemaker:AddTags", "sagemaker:DescribeEndpoint"),
            resources=tuple(endpoints),
        )
    if configs:
        reason = "The configurations of an endpoint are named after executions."
        yield Statement(
            sid="EndpointConfigs",
            actions=(
                "sagemaker:AddTags",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:DescribeEndpointConfig",
            ),
            resources=tuple(configs),
            reason=reason,
        )
        yield Statement(
            sid="DeployEndpoints",
            actions=("sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"),
            resources=(*endpoints, *configs),  # The service checks both.
            reason=reason,
        )
    alarms = project.texts("AlarmName")
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
