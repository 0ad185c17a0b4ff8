"""What whoever publishes needs, a person or a CI: plan, upsert, start, watch, approve, delete."""

from collections.abc import Iterator

from pipelines.log_groups import function_group
from pipelines.permissions.arns import Arns
from pipelines.permissions.execution import look_statements
from pipelines.permissions.jobs import image_repositories, job_log_groups, object_keys
from pipelines.permissions.patterns import ANYTHING
from pipelines.permissions.policy import Statement
from pipelines.permissions.project import Project
from pipelines.permissions.statements import (
    OBJECT_KEY_ACTIONS,
    key_statements,
    list_packages_statement,
    list_statements,
    object_statement,
    pass_role_statement,
)
from pipelines.permissions.triggers import RULES_SERVICE
from pipelines.permissions.values import Place
from pipelines.trigger_requests import TriggerRequests
from steps.bundle import ROOT
from steps.site import Site

_WRITTEN = ("code", "definitions")
"""Folders of what an upsert writes, under the project's own."""
_LEASES = "leases"

_EXECUTIONS = "Executions have made up ids."
_NO_RESOURCE = "The service takes no resource for it: a list is of all there are."
_VERSIONS = "Versions are numbered, and aliases named after digests, when they are made."


def publisher_statements(project: Project, triggers: TriggerRequests) -> Iterator[Statement]:
    """The statements of whoever publishes.

    Args:
        project: The pipelines to publish.
        triggers: Schedules and rules of all pipelines of the project: an upsert of one writes those
            of all that are deployed.
    """
    arns = Arns(project.site)
    yield from _pipelines(project, arns)
    yield from _roles(project)
    yield from _objects(project, arns)
    yield from _functions(project, triggers, arns)
    yield from _triggers(triggers, arns)
    yield from _packages(project, arns)
    yield from _failures(project, triggers, arns)
    yield from _doctor(project, triggers, arns)


def _pipelines(project: Project, arns: Arns) -> Iterator[Statement]:
    site = project.site
    names = [site.pipeline_name(name) for name in project.pipelines]
    pipelines = [arn for name in names for arn in arns.sagemaker("pipeline", name)]
    yield Statement(
        sid="Pipelines",
        actions=tuple(
            f"sagemaker:{action}"
            for action in (
                *("AddTags", "CreatePipeline", "DeletePipeline", "DescribePipeline"),
                *("ListPipelineExecutions", "ListTags", "StartPipelineExecution"),
                "UpdatePipeline",
            )
        ),
        resources=tuple(pipelines),
    )
    yield Statement(
        sid="Executions",
        actions=tuple(
            f"sagemaker:{action}"
            for action in (
                *("DescribePipelineDefinitionForExecution", "DescribePipelineExecution"),
                *("ListPipelineExecutionSteps", "ListPipelineParametersForExecution"),
                *("RetryPipelineExecution", "StopPipelineExecution"),
            )
        ),
        resources=tuple(f"{arn}/execution/*" for arn in pipelines),
        reason=_EXECUTIONS,
    )
    others = [
        arn
        for name in project.others
        for arn in arns.sagemaker("pipeline", site.pipeline_name(name))
    ]
    if others:
        # What another pipeline calls is not to be removed.
        yield Statement(
            sid="OtherPipelines",
            actions=("sagemaker:DescribePipeline", "sagemaker:ListPipelineExecutions"),
            resources=tuple(others),
        )
        yield Statement(
            sid="OtherExecutions",
            actions=("sagemaker:DescribePipelineDefinitionForExecution",),
            resources=tuple(f"{arn}/execution/*" for arn in others),
            reason=_EXECUTIONS,
        )
    yield Statement(
        sid="ListPipelines",
        actions=("sagemaker:ListPipelines",),
        resources=(ANYTHING,),
        reason=_NO_RESOURCE,
    )


def _roles(project: Project) -> Iterator[Statement]:
    site = project.site
    yield pass_role_statement("PassExecutionRole", [site.role_arn], ["sagemaker"])
    yield pass_role_statement("PassFunctionRole", [site.function_role_arn], ["lambda"])
    yield pass_role_statement("PassTriggerRole", [site.trigger_role_arn], ["events", "scheduler"])


def _objects(project: Project, arns: Arns) -> Iterator[Statement]:
    written = [_folder(project, name) for name in _WRITTEN]
    leases = [_folder(project, _LEASES)]
    yield object_statement(arns, "PublishObjects", ["s3:GetObject", "s3:PutObject"], written)
    yield object_statement(
        arns, "HoldLeases", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], leases
    )
    yield from list_statements(arns, [*written, *leases])
    keys = object_keys(project)
    if keys:
        # The bucket's own key may be the same.
        yield from key_statements(arns, "EncryptObjects", OBJECT_KEY_ACTIONS, keys)


def _folder(project: Project, name: str) -> Place:
    return Place(bucket=project.site.bucket, key=f"{project.site.project}/{name}/*")


def _function_names(project: Project, triggers: TriggerRequests) -> list[str]:
    called = {
        step.body["FunctionArn"].partition(":function:")[2].partition(":")[0]
        for step, _ in project.steps("Lambda")
    }
    return sorted(called | {function.name for function in triggers.functions})


def _functions(project: Project, triggers: TriggerRequests, arns: Arns) -> Iterator[Statement]:
    # All there are: what nothing calls any more is removed.
    handlers = sorted(ROOT.glob("infrastructure/functions/*/handler.py"))
    names = [project.site.function_name(path.parent.name) for path in handlers]
    yield Statement(
        sid="Functions",
        actions=tuple(
            f"lambda:{action}"
            for action in (
                *("CreateAlias", "CreateFunction", "DeleteAlias", "DeleteFunction"),
                *("GetAlias", "GetFunctionConfiguration", "GetPolicy", "ListAliases"),
                *("ListVersionsByFunction", "PublishVersion", "PutFunctionConcurrency"),
                *("UpdateFunctionCode", "UpdateFunctionConfiguration"),
            )
        ),
        resources=tuple(arn for name in names for arn in _function_arns(name, arns)),
        reason=_VERSIONS,
    )
    if triggers.functions:
        # Source: AWS Lambda Developer Guide, "Fine-tuning the Resources and Conditions sections of
        # policies", https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
        yield Statement(
            sid="LetRulesCallFunctions",
            actions=("lambda:AddPermission",),
            resources=tuple(
                arn
                for function in triggers.functions
                for arn in _function_arns(function.name, arns)
            ),
            condition={"StringEquals": {"lambda:Principal": [RULES_SERVICE]}},
            reason=_VERSIONS,
        )


def _function_arns(name: str, arns: Arns) -> list[str]:
    """ARNs of a function, and of its versions and aliases."""
    return [arns.of("lambda", f"function:{name}"), arns.of("lambda", f"function:{name}:*")]


def _triggers(triggers: TriggerRequests, arns: Arns) -> Iterator[Statement]:
    own = f"{triggers.prefix}*"
    reason = "What begins with the project's name and a dot is its own, also what it had before."
    yield Statement(
        sid="Schedules",
        actions=tuple(
            f"scheduler:{verb}Schedule" for verb in ("Create", "Delete", "Get", "Update")
        ),
        resources=(arns.of("scheduler", f"schedule/{triggers.group}/{own}"),),
        reason=reason,
    )
    yield Statement(
        sid="Rules",
        actions=tuple(
            f"events:{action}"
            for action in (
                *("DeleteRule", "ListTargetsByRule", "PutRule", "PutTargets"),
                "RemoveTargets",
            )
        ),
        resources=(arns.of("events", f"rule/{own}"),),
        reason=reason,
    )
    yield Statement(
        sid="ListTriggers",
        actions=("events:ListRules", "scheduler:ListSchedules"),
        resources=(ANYTHING,),
        reason=_NO_RESOURCE,
    )


def _packages(project: Project, arns: Arns) -> Iterator[Statement]:
    group = project.site.model_package_group
    yield Statement(
        sid="ApproveModels",
        actions=("sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage"),
        resources=tuple(arns.sagemaker("model-package", f"{group}/*")),
        reason="Versions of a model package are numbered when they are registered.",
    )
    yield list_packages_statement(arns)


def _failures(project: Project, triggers: TriggerRequests, arns: Arns) -> Iterator[Statement]:
    """Leave to read why a step failed."""
    groups = [
        *job_log_groups(project),
        *(function_group(name) for name in _function_names(project, triggers)),
    ]
    if groups:
        yield Statement(
            sid="ReadLogs",
            actions=("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"),
            resources=tuple(arn for name in groups for arn in arns.log_group(name)),
            reason="Log streams are named after jobs, instances and versions.",
        )
    yield from look_statements(project, arns)


def _doctor(project: Project, triggers: TriggerRequests, arns: Arns) -> Iterator[Statement]:
    """Leave to look at what the pipelines need but do not make."""
    site = project.site
    yield Statement(
        sid="LookAtRoles",
        actions=("iam:GetRole",),
        resources=(site.role_arn, site.function_role_arn, site.trigger_role_arn),
    )
    yield Statement(
        sid="LookAtBucket",
        actions=(
            "s3:GetBucketLocation",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetEncryptionConfiguration",
        ),
        resources=(arns.bucket(site.bucket),),
    )
    yield Statement(
        sid="LookAtScheduleGroup",
        actions=("scheduler:GetScheduleGroup",),
        resources=(arns.of("scheduler", f"schedule-group/{triggers.group}"),),
    )
    repositories = image_repositories(project)
    if repositories:
        yield Statement(
            sid="LookAtImages", actions=("ecr:BatchGetImage",), resources=tuple(repositories)
        )
    yield from _look_at_settings(site, arns)
    yield Statement(
        sid="LookAtServices",
        actions=(
            *("lambda:GetAccountSettings", "pricing:GetProducts"),
            "sagemaker:ListMonitoringSchedules",
            *("servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"),
        ),
        resources=(ANYTHING,),
        reason="The services take no resource for them.",
    )


def _look_at_settings(site: Site, arns: Arns) -> Iterator[Statement]:
    """Leave to look at what the site names that it need not have."""
    keys = [key for key in (site.volume_kms_key, site.output_kms_key) if key]
    if keys:
        yield from key_statements(arns, "LookAtKeys", ["kms:DescribeKey"], keys)
    if site.subnets:
        yield Statement(
            sid="LookAtNetwork",
            actions=("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"),
            resources=(ANYTHING,),
            reason="The service takes no resource for them.",
        )
    if site.dead_letter_queue_arn:
        yield Statement(
            sid="LookAtQueue",
            actions=("sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
            resources=(site.dead_letter_queue_arn,),
        )
    if site.rollback_alarms:
        # Source: Amazon CloudWatch API Reference, DescribeAlarms,
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        yield Statement(
            sid="LookAtAlarms",
            actions=("cloudwatch:DescribeAlarms",),
            resources=(ANYTHING,),
            reason="The service shows composite alarms only to whoever may look at all alarms.",
        )
