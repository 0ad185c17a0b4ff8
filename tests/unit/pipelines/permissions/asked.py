"""What IAM is asked when a recorded call is made."""

import json
from collections.abc import Iterator
from pathlib import Path

from pipelines.permissions.evaluation import Request
from tests.aws import SITE, Call
from tests.unit.pipelines.permissions.client_calls import action_of

SERVICE_KEY = "iam:PassedToService"
PRINCIPAL_KEY = "lambda:Principal"
_REFERENCE = Path(__file__).parents[3] / "data" / "service_authorization.json"
_FORMATS = json.loads(_REFERENCE.read_text(encoding="utf-8"))["actions"]
_OF_ALL = {"cloudwatch:DescribeAlarms"}
"""Actions that must be allowed on everything, although they take resources: there are no composite
alarms in an answer otherwise.

Source: Amazon CloudWatch API Reference, DescribeAlarms,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""


def asked(call: Call) -> Iterator[Request]:
    """The requests that a call makes of IAM.

    Source: AWS Service Authorization Reference, by service.
    """
    made = call.request
    action = action_of(call.service, call.operation)
    if call.service == "s3":
        yield from _asked_of_s3(call, action)
    elif call.service != "sts":
        is_of_all = action in _OF_ALL or not _FORMATS[action]
        resource = "*" if is_of_all else _resource(call)
        known = {PRINCIPAL_KEY: [made["Principal"]]} if "Principal" in made else {}
        yield Request(action=action, resource=resource, context=known)
    services = {"CreateFunction": "lambda", "CreateSchedule": "scheduler"}
    for target in [made, made.get("Target", {}), *made.get("Targets", [])]:
        role = target.get("RoleArn", target.get("Role"))
        if role is not None:
            service = services.get(call.operation, call.service)
            context = {SERVICE_KEY: [f"{service}.amazonaws.com"]}
            yield Request(action="iam:PassRole", resource=role, context=context)


def _asked_of_s3(call: Call, action: str) -> Iterator[Request]:
    """What IAM is asked for a bucket or an object."""
    bucket = f"arn:aws:s3:::{call.request['Bucket']}"
    if call.operation == "ListObjectsV2":
        context = {"s3:prefix": [call.request["Prefix"]]}
        yield Request(action=action, resource=bucket, context=context)
        return
    if "Key" not in call.request:
        # Without a prefix in the context: HeadBucket has none.
        yield Request(action=action, resource=bucket)
        return
    key = call.request["Key"]
    yield Request(action=action, resource=f"{bucket}/{key}")
    if "SSEKMSKeyId" in call.request:
        arn = f"arn:aws:kms:{SITE.region}:{SITE.account}:key/{call.request['SSEKMSKeyId']}"
        yield Request(action="kms:GenerateDataKey", resource=arn)
    if action == "s3:GetObject":
        # Of an object that is not there, only whoever may list is told so.
        context = {"s3:prefix": [key]}
        yield Request(action="s3:ListBucket", resource=bucket, context=context)


def _resource(call: Call) -> str:
    """ARN of what a call is for."""
    made, region, account = call.request, SITE.region, SITE.account
    name = made.get("Name")
    match call.service:
        case "ecr":
            account, resource = made["registryId"], f"repository/{made['repositoryName']}"
        case "events":
            resource = f"rule/{made.get('Rule', name)}"
        case "iam":
            region, resource = "", f"role/{made['RoleName']}"
        case "kms":
            resource = f"key/{made['KeyId']}"
        case "lambda":
            alias = f":{made['Qualifier']}" if "Qualifier" in made else ""
            resource = f"function:{made['FunctionName']}{alias}"
        case "scheduler":
            group = made.get("GroupName")
            resource = f"schedule/{group}/{name}" if group else f"schedule-group/{name}"
        case "sqs":
            resource = made.get("QueueName") or made["QueueUrl"].rpartition("/")[2]
        case _:
            return _resource_of_sagemaker(call)
    return f"arn:aws:{call.service}:{region}:{account}:{resource}"


def _resource_of_sagemaker(call: Call) -> str:
    made, place = call.request, f"arn:aws:sagemaker:{SITE.region}:{SITE.account}"
    if call.operation == "ListModelPackages":
        return f"{place}:model-package/*"
    if call.operation == "InvokeEndpoint":
        return f"{place}:endpoint/{made['EndpointName']}"
    arn = made.get("ResourceArn", made.get("PipelineExecutionArn"))
    return str(arn) if arn else f"{place}:pipeline/{made['PipelineName']}"
