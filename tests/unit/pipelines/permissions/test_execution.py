"""The execution role: what pipelines and their jobs do is allowed, what is next to it is not."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

import pytest

from pipelines.definition import Json, load, steps
from pipelines.permissions.evaluation import Request, Verdict, decide
from pipelines.permissions.execution import execution_statements
from pipelines.permissions.project import Project, project
from pipelines.permissions.roles import Permissions, Role
from steps.errors import DeclarationError
from steps.site import Site
from tests.unit.pipelines.permissions.conftest import Definitions

SAGEMAKER = "arn:aws:sagemaker:us-east-1:111122223333"
BUCKET = "arn:aws:s3:::sagemaker-us-east-1-111122223333"
ROLE = "arn:aws:iam::111122223333:role/image-classification-execution"
LAMBDA = "arn:aws:lambda:us-east-1:111122223333:function"
LOGS = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker"
PREFIX = f"{BUCKET}/image-classification"


def verdict(permissions: Permissions, action: str, resource: str, **context: str) -> Verdict:
    """What the policies say; a context key is written with `__` for its colon."""
    known = {key.replace("__", ":"): [value] for key, value in context.items()}
    request = Request(action=action, resource=resource, context=known)
    return decide(permissions.policies, request).verdict


ALLOWED = [
    ("sagemaker:CreateProcessingJob", f"{SAGEMAKER}:processing-job/pipelines-x1-preprocess-y2"),
    ("sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/pipelines-x1-Train-y2"),
    ("sagemaker:AddTags", f"{SAGEMAKER}:training-job/pipelines-x1-train-y2"),
    ("sagemaker:StopTrainingJob", f"{SAGEMAKER}:training-job/pipelines-x1-train-y2"),
    ("sagemaker:CreateTransformJob", f"{SAGEMAKER}:transform-job/pipelines-x1-transform-y2"),
    ("sagemaker:CreateModel", f"{SAGEMAKER}:model/pipelines-x1-createmodel-y2"),
    (
        "sagemaker:CreateHyperParameterTuningJob",
        f"{SAGEMAKER}:hyper-parameter-tuning-job/x1-tune-y2",
    ),
    ("sagemaker:DescribeTrainingJob", f"{SAGEMAKER}:training-job/x1-Tune-y2-001-z3"),
    ("sagemaker:CreateModelPackage", f"{SAGEMAKER}:model-package/image-classification/7"),
    ("sagemaker:CreateModelPackage", f"{SAGEMAKER}:model-package-group/image-classification"),
    ("sagemaker:CreateEndpoint", f"{SAGEMAKER}:endpoint/image-classification"),
    ("sagemaker:CreateEndpoint", f"{SAGEMAKER}:endpoint-config/image-classification-x1"),
    ("sagemaker:UpdateEndpoint", f"{SAGEMAKER}:endpoint/image-classification"),
    ("lambda:InvokeFunction", f"{LAMBDA}:image-classification-smoke_test:code-0123456789ab"),
    ("s3:GetObject", f"{PREFIX}/raw/seven/1.png"),
    ("s3:GetObject", f"{PREFIX}/code/train/{'0a' * 32}/sourcedir.tar.gz"),
    ("s3:GetObject", f"{PREFIX}/code/placeholders/no-approved-model/README.txt"),
    ("s3:GetObject", f"{PREFIX}/capture/image-classification/AllTraffic/2026/11/21/09/a.jsonl"),
    ("s3:GetObject", f"{PREFIX}/executions/image-classification-training/x1/train/j/model.tar.gz"),
    ("s3:PutObject", f"{PREFIX}/executions/image-classification-scoring/x1/transform/a.png.out"),
    ("s3:PutObject", f"{PREFIX}/checkpoints/tune/{'0a' * 32}/epoch-1.pt"),
    ("s3:PutObject", f"{PREFIX}/capture/image-classification/AllTraffic/2026/11/21/09/a.jsonl"),
    ("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:763104351884:repository/pytorch-inference"),
    ("ecr:GetAuthorizationToken", "*"),
    ("logs:CreateLogGroup", f"{LOGS}/TrainingJobs"),
    ("logs:PutLogEvents", f"{LOGS}/ProcessingJobs:log-stream:pipelines-x1/algo-1-1"),
    ("logs:PutLogEvents", f"{LOGS}/Endpoints/image-classification:log-stream:AllTraffic/i-1"),
]


@pytest.mark.parametrize(("action", "resource"), ALLOWED)
def test_what_pipelines_do_is_allowed(
    roles: Mapping[Role, Permissions], action: str, resource: str
) -> None:
    """Steps create their jobs, models and endpoints; jobs read, write, log and pull images."""
    assert verdict(roles[Role.EXECUTION], action, resource) is Verdict.ALLOWED


NEIGHBOURS = [
    ("sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/somebody-elses"),
    (
        "sagemaker:CreateTrainingJob",
        "arn:aws:sagemaker:eu-west-1:111122223333:training-job/pipelines-x",
    ),
    ("sagemaker:DeleteModel", f"{SAGEMAKER}:model/pipelines-x1-createmodel-y2"),
    ("sagemaker:DeleteModelPackage", f"{SAGEMAKER}:model-package/image-classification/7"),
    ("sagemaker:UpdateModelPackage", f"{SAGEMAKER}:model-package/image-classification/7"),
    ("sagemaker:CreateModelPackage", f"{SAGEMAKER}:model-package/cats/7"),
    ("sagemaker:CreateEndpoint", f"{SAGEMAKER}:endpoint/image-classification-2"),
    ("sagemaker:DeleteEndpoint", f"{SAGEMAKER}:endpoint/image-classification"),
    ("sagemaker:StartPipelineExecution", f"{SAGEMAKER}:pipeline/image-classification-training"),
    ("sagemaker:UpdatePipeline", f"{SAGEMAKER}:pipeline/image-classification-training"),
    ("lambda:InvokeFunction", f"{LAMBDA}:image-classification-smoke_test"),
    ("lambda:InvokeFunction", f"{LAMBDA}:image-classification-start_retraining:code-0123456789ab"),
    ("lambda:InvokeFunction", f"{LAMBDA}:cats-smoke_test:code-0123456789ab"),
    ("lambda:UpdateFunctionCode", f"{LAMBDA}:image-classification-smoke_test"),
    ("s3:GetObject", "arn:aws:s3:::other-bucket/image-classification/raw/seven/1.png"),
    ("s3:GetObject", f"{BUCKET}/cats/raw/1.png"),
    ("s3:GetObject", f"{PREFIX}/leases/training.json"),
    ("s3:PutObject", f"{PREFIX}/raw/seven/1.png"),
    ("s3:PutObject", f"{PREFIX}/code/train/{'0a' * 32}/sourcedir.tar.gz"),
    ("s3:PutObject", f"{PREFIX}/active/image-classification.json"),
    ("s3:PutObject", f"{PREFIX}/executions/cats-training/x1/model.tar.gz"),
    ("s3:DeleteObject", f"{PREFIX}/executions/image-classification-training/x1/a"),
    ("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:763104351884:repository/tensorflow-training"),
    ("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:111122223333:repository/pytorch-training"),
    ("logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/x:*"),
    ("logs:DeleteLogGroup", f"{LOGS}/TrainingJobs"),
    ("iam:GetRole", ROLE),
    ("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/k"),
    ("ec2:CreateNetworkInterface", "arn:aws:ec2:us-east-1:111122223333:subnet/subnet-1"),
]


@pytest.mark.parametrize(("action", "resource"), NEIGHBOURS)
def test_what_is_next_to_it_is_denied(
    roles: Mapping[Role, Permissions], action: str, resource: str
) -> None:
    """Other buckets, folders, projects, functions and actions are out of reach."""
    assert verdict(roles[Role.EXECUTION], action, resource) is Verdict.DENIED


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        ("iam:PassRole", ROLE, {"iam__PassedToService": "sagemaker.amazonaws.com"}, "allowed"),
        ("iam:PassRole", ROLE, {"iam__PassedToService": "lambda.amazonaws.com"}, "denied"),
        (
            "iam:PassRole",
            "arn:aws:iam::111122223333:role/Admin",
            {"iam__PassedToService": "sagemaker.amazonaws.com"},
            "denied",
        ),
        ("s3:ListBucket", BUCKET, {"s3__prefix": "image-classification/raw/"}, "allowed"),
        ("s3:ListBucket", BUCKET, {"s3__prefix": "image-classification/raw/seven/"}, "allowed"),
        ("s3:ListBucket", BUCKET, {"s3__prefix": ""}, "denied"),
        ("s3:ListBucket", BUCKET, {"s3__prefix": "cats/raw/"}, "denied"),
        (
            "cloudwatch:PutMetricData",
            "*",
            {"cloudwatch__namespace": "/aws/sagemaker/TrainingJobs"},
            "allowed",
        ),
        ("cloudwatch:PutMetricData", "*", {"cloudwatch__namespace": "Billing"}, "denied"),
    ],
)
def test_conditions_narrow_what_is_allowed(
    roles: Mapping[Role, Permissions],
    action: str,
    resource: str,
    context: dict[str, str],
    expected: str,
) -> None:
    """The role goes to one service only, lists are of known folders, metrics of known names."""
    assert verdict(roles[Role.EXECUTION], action, resource, **context) == expected


def resolved(value: Json, defaults: Mapping[str, Json]) -> str:
    """A text with the defaults of parameters and an execution's id; empty if steps make it."""
    match value:
        case str():
            return value
        case {"Get": str(path)} if path.startswith("Parameters."):
            return str(defaults[path.partition(".")[2]])
        case {"Get": "Execution.PipelineExecutionId"}:
            return "x1"
        case {"Std:Join": {"On": separator, "Values": values}}:
            parts = [resolved(item, defaults) for item in values]
            return str(separator).join(parts) if all(parts) else ""
    return ""


def uris(value: Json, defaults: Mapping[str, Json], path: str = "") -> Iterator[tuple[str, str]]:
    """Every S3 URI in a value that is known, and where it stands."""
    text = resolved(value, defaults)
    if text.startswith("s3://"):
        yield path, text
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from uris(item, defaults, f"{path}/{key}")
    elif isinstance(value, list):
        for item in value:
            yield from uris(item, defaults, path)


def test_every_uri_of_every_job_is_within_reach(
    definitions: Definitions, roles: Mapping[Role, Permissions]
) -> None:
    """A new kind of input or output cannot be forgotten: all that jobs name is read or written."""
    num_found = 0
    for definition in definitions.values():
        defaults = {item["Name"]: item["DefaultValue"] for item in definition["Parameters"]}
        for step in steps(definition):
            if step.type not in {"Processing", "Training", "Tuning", "Transform", "EndpointConfig"}:
                continue
            for path, uri in uris(step.own["Arguments"], defaults):
                num_found += 1
                is_written = re.search("S3Output|Destination|Checkpoint", path) is not None
                action = "s3:PutObject" if is_written else "s3:GetObject"
                resource = f"arn:aws:s3:::{uri.removeprefix('s3://')}".rstrip("/")
                answers = {
                    verdict(roles[Role.EXECUTION], action, name)
                    for name in (resource, f"{resource}/x")
                }
                assert Verdict.ALLOWED in answers, (step.name, path, uri)
    assert num_found > 40


def made(
    definitions: Definitions, site: Site, *, names: tuple[str, ...] = ("training",)
) -> Permissions:
    """What the execution role needs on a site, whose definitions the test has changed."""
    whole = project(site, definitions, names=names, parameters={})
    return permissions(whole)


def permissions(whole: Project) -> Permissions:
    """The execution role's statements as a role."""
    return Permissions(
        role=Role.EXECUTION,
        role_arn=whole.site.role_arn,
        services=("sagemaker",),
        account=whole.site.account,
        statements=tuple(execution_statements(whole)),
    )


@pytest.fixture
def edited(definitions: Definitions) -> Callable[..., Definitions]:
    """Definitions where texts are replaced by others."""

    def edit(replacements: Mapping[str, str]) -> Definitions:
        def changed(definition: Mapping[str, Json]) -> Mapping[str, Json]:
            text = json.dumps(definition)
            for old, new in replacements.items():
                text = text.replace(old, new)
            return load(text)

        return {name: changed(definition) for name, definition in definitions.items()}

    return edit


def by_sid(permissions: Permissions) -> dict[str, dict[str, Json]]:
    """The statements by their names."""
    return {item.sid: item.to_document() for item in permissions.statements}


KEY = "arn:aws:kms:us-east-1:111122223333:key/1234"
FOR_SERVICES = {"Bool": {"kms:GrantIsForAWSResource": ["true"]}}


def test_jobs_in_a_network_may_join_it_and_no_other(edited: Callable[..., Definitions]) -> None:
    """Subnets and security groups of the requests are named; without them nothing is allowed."""
    network = '"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}, '
    definitions = edited({'"EnableNetworkIsolation"': f'{network}"EnableNetworkIsolation"'})
    found = by_sid(made(definitions, Site()))
    ec2 = "arn:aws:ec2:us-east-1:111122223333"
    assert found["JoinNetwork"]["Resource"] == [
        f"{ec2}:network-interface/*",
        f"{ec2}:security-group/sg-1",
        f"{ec2}:subnet/subnet-1",
    ]
    assert found["ReadNetwork"]["Resource"] == ["*"]


@pytest.mark.parametrize(
    ("key", "arn"),
    [
        pytest.param("1234", KEY, id="id"),
        pytest.param(KEY, KEY, id="arn"),
        pytest.param(
            "arn:aws:kms:us-east-1:999:key/5", "arn:aws:kms:us-east-1:999:key/5", id="other"
        ),
    ],
)
def test_keys_of_the_requests_may_be_used(
    edited: Callable[..., Definitions], key: str, arn: str
) -> None:
    """Volumes need a grant, objects a data key: each key only for what it is named for.

    Grants are made by the service alone. Jobs that name the key of their outputs are to have
    kms:Encrypt.
    """
    definitions = edited(
        {
            '"VolumeSizeInGB": 50': f'"VolumeSizeInGB": 50, "VolumeKmsKeyId": "{key}"',
            '"ProcessingOutputConfig": {"Outputs"': '"ProcessingOutputConfig": {"KmsKeyId": "out", '
            '"Outputs"',
        }
    )
    found = by_sid(made(definitions, Site()))
    assert found["EncryptVolumes"]["Action"] == ["kms:CreateGrant"]
    assert found["EncryptVolumes"]["Resource"] == [arn]
    assert found["EncryptVolumes"]["Condition"] == FOR_SERVICES
    assert found["EncryptObjects"]["Action"] == [
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:GenerateDataKey",
    ]
    assert "Condition" not in found["EncryptObjects"]
    assert found["EncryptObjects"]["Resource"] == ["arn:aws:kms:us-east-1:111122223333:key/out"]


@pytest.mark.parametrize(
    ("key", "place"),
    [
        pytest.param("alias/dogs", "us-east-1:111122223333", id="own"),
        pytest.param(
            "arn:aws:kms:us-east-1:111122223333:alias/dogs", "us-east-1:111122223333", id="arn"
        ),
        pytest.param("arn:aws:kms:us-east-1:999:alias/dogs", "us-east-1:999", id="other_account"),
    ],
)
def test_an_alias_of_a_key_is_a_condition(
    edited: Callable[..., Definitions], key: str, place: str
) -> None:
    """A policy cannot name an alias as a resource, so the key is any there that has this alias."""
    definitions = edited(
        {'"VolumeSizeInGB": 50': f'"VolumeSizeInGB": 50, "VolumeKmsKeyId": "{key}"'}
    )
    found = by_sid(made(definitions, Site()))
    assert found["EncryptVolumesByAlias"]["Resource"] == [f"arn:aws:kms:{place}:key/*"]
    assert found["EncryptVolumesByAlias"]["Condition"] == {
        **FOR_SERVICES,
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/dogs"]},
    }


def test_aliases_of_several_accounts_are_a_statement_each(
    edited: Callable[..., Definitions],
) -> None:
    """A name stands for the key of its own account, and for none of another that is named alike."""
    definitions = edited(
        {
            '"DataCaptureConfig": {': '"DataCaptureConfig": {"KmsKeyId": "alias/dogs", ',
            '"ProcessingOutputConfig": {"Outputs"': '"ProcessingOutputConfig": {"KmsKeyId": '
            '"arn:aws:kms:us-east-1:999:alias/cats", "Outputs"',
        }
    )
    found = by_sid(made(definitions, Site(), names=("training", "deployment")))
    assert [
        (found[sid]["Resource"], found[sid]["Condition"]["ForAnyValue:StringEquals"])
        for sid in ("EncryptObjectsByAlias", "EncryptObjectsByAlias2")
    ] == [
        (["arn:aws:kms:us-east-1:111122223333:key/*"], {"kms:ResourceAliases": ["alias/dogs"]}),
        (["arn:aws:kms:us-east-1:999:key/*"], {"kms:ResourceAliases": ["alias/cats"]}),
    ]


def test_the_disks_of_an_endpoint_have_the_volumes_key(edited: Callable[..., Definitions]) -> None:
    """CreateEndpointConfig names its instances' key on top, and that of captured data inside."""
    definitions = edited(
        {
            '"DataCaptureConfig": {': '"KmsKeyId": "disk", "DataCaptureConfig": {'
            '"KmsKeyId": "capture", '
        }
    )
    found = by_sid(made(definitions, Site(), names=("deployment",)))
    assert found["EncryptVolumes"]["Resource"] == ["arn:aws:kms:us-east-1:111122223333:key/disk"]
    assert found["EncryptObjects"]["Resource"] == ["arn:aws:kms:us-east-1:111122223333:key/capture"]


def test_alarms_that_turn_an_update_back_may_be_seen(edited: Callable[..., Definitions]) -> None:
    """The alarms of the deployment's configuration are named."""
    alarms = '"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}, '
    definitions = edited({'"BlueGreenUpdatePolicy"': f'{alarms}"BlueGreenUpdatePolicy"'})
    found = by_sid(made(definitions, Site(), names=("deployment",)))
    assert found["RollbackAlarms"] == {
        "Sid": "RollbackAlarms",
        "Effect": "Allow",
        "Action": ["cloudwatch:DescribeAlarms"],
        "Resource": ["arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors"],
    }


def test_a_served_model_is_read_though_another_pipeline_made_it(definitions: Definitions) -> None:
    """Of `deployment` alone: images and artifacts of packages are reached, nothing else is."""
    found = by_sid(made(definitions, Site(), names=("deployment",)))
    assert found["ReadObjects"]["Resource"] == [
        f"{PREFIX}/executions/image-classification-retraining/*",
        f"{PREFIX}/executions/image-classification-training/*",
    ]
    assert found["PullImages"]["Resource"] == [
        "arn:aws:ecr:us-east-1:763104351884:repository/pytorch-inference"
    ]
    assert found["ReadModelPackages"]["Resource"] == [
        f"{SAGEMAKER}:model-package/image-classification/*"
    ]
    assert "Tuning" not in found
    assert "RegisterModels" not in found


def test_names_are_also_written_as_the_service_writes_them(
    edited: Callable[..., Definitions],
) -> None:
    """The service writes some names in lower case, and IAM tells them apart."""
    definitions = edited({'"DefaultValue": "image-classification"': '"DefaultValue": "Dogs"'})
    found = by_sid(made(definitions, Site(), names=("deployment",)))
    assert found["Endpoints"]["Resource"] == [
        f"{SAGEMAKER}:endpoint/Dogs",
        f"{SAGEMAKER}:endpoint/dogs",
    ]


def test_lists_of_each_bucket_are_a_statement(definitions: Definitions) -> None:
    """Data in a bucket of its own is listed there, under the prefix that was chosen."""
    whole = project(
        Site(),
        definitions,
        names=["training"],
        parameters={"RawDataUri": "s3://pictures/of/dogs/"},
    )
    found = by_sid(permissions(whole))
    assert found["ListObjects"]["Resource"] == ["arn:aws:s3:::pictures"]
    assert found["ListObjects"]["Condition"] == {"StringLike": {"s3:prefix": ["of/dogs/*"]}}
    assert found["ListObjects2"]["Resource"] == [BUCKET]
    assert "arn:aws:s3:::pictures/of/dogs/*" in found["ReadObjects"]["Resource"]
    assert f"{PREFIX}/raw/*" not in found["ReadObjects"]["Resource"]


def test_an_image_outside_of_ecr_is_refused(edited: Callable[..., Definitions]) -> None:
    """No policy can name such an image, and the service takes none."""
    registry = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training"
    definitions = edited({registry: "docker.io/pytorch"})
    with pytest.raises(DeclarationError) as caught:
        made(definitions, Site())
    assert str(caught.value) == (
        "The image 'docker.io/pytorch:2.10.0-cpu-py313' is in no repository of Amazon ECR, so that "
        "no policy can name it; expected <account>.dkr.ecr.<region>.amazonaws.com/<repository>:"
        "<tag>."
    )


def test_other_partitions_have_their_own_arns(edited: Callable[..., Definitions]) -> None:
    """In China, ARNs begin with another word, and images come from another domain."""
    site = Site(region="cn-north-1")
    definitions = edited(
        {
            "us-east-1.amazonaws.com/": "cn-north-1.amazonaws.com.cn/",
            "us-east-1": "cn-north-1",
            "arn:aws:": "arn:aws-cn:",
        }
    )
    statements = made(definitions, site).statements
    resources = {resource for item in statements for resource in item.resources}
    assert {resource.split(":")[1] for resource in resources - {"*"}} == {"aws-cn"}
    assert "arn:aws-cn:ecr:cn-north-1:763104351884:repository/pytorch-training" in resources


def test_a_definition_without_jobs_needs_nothing() -> None:
    """Of a pipeline that only fails nothing is to be allowed."""
    fail = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "Enough."}}
    assert made({"training": {"Steps": [fail]}}, Site()).policies == []
