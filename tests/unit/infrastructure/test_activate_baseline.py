"""The record of the active baseline, against clients with the services' own shapes."""

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from infrastructure.functions.activate_baseline.handler import respond

PREFIX = "arn:aws:sagemaker:us-east-1:111122223333"
TARGET = {"Bucket": "bucket", "Key": "dogs/active/dogs.json"}
EVENT = {
    "ActiveUri": "s3://bucket/dogs/active/dogs.json",
    "EndpointName": "dogs",
    "EndpointConfigName": "dogs-abc",
    "CaptureUri": "s3://bucket/capture/abc/dogs",
    "ModelPackageArn": f"{PREFIX}:model-package/dogs/7",
    "BaselineUri": "s3://bucket/baseline",
    "EvaluationUri": "s3://bucket/evaluation",
    "PipelineExecutionArn": f"{PREFIX}:pipeline/dogs-deployment/execution/abc",
}
RECORD = {
    "activated_at": "2026-01-02T03:04:05+00:00",
    "capture_uri": "s3://bucket/capture/abc/dogs",
    "data_constraints_uri": "s3://bucket/baseline/data_quality/constraints.json",
    "data_statistics_uri": "s3://bucket/baseline/data_quality/statistics.json",
    "endpoint_config_name": "dogs-abc",
    "endpoint_name": "dogs",
    "evaluation_uri": "s3://bucket/evaluation",
    "model_constraints_uri": "s3://bucket/baseline/model_quality/constraints.json",
    "model_package_arn": f"{PREFIX}:model-package/dogs/7",
    "model_statistics_uri": "s3://bucket/baseline/model_quality/statistics.json",
    "pipeline_execution_arn": f"{PREFIX}:pipeline/dogs-deployment/execution/abc",
    "previous_model_package_arn": "",
}
EARLIER = {
    **RECORD,
    "model_package_arn": f"{PREFIX}:model-package/dogs/6",
    "pipeline_execution_arn": f"{PREFIX}:pipeline/dogs-deployment/execution/abb",
    "previous_model_package_arn": f"{PREFIX}:model-package/dogs/5",
}


def clock() -> datetime:
    """A time of the record."""
    return datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def add_endpoint(stub: Stubber, config: str = "dogs-abc") -> None:
    """Let the client describe the endpoint."""
    description = {
        "EndpointName": "dogs",
        "EndpointArn": f"{PREFIX}:endpoint/dogs",
        "EndpointConfigName": config,
        "EndpointStatus": "InService",
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    stub.add_response("describe_endpoint", description, {"EndpointName": "dogs"})


def add_record(stub: Stubber, record: dict[str, str]) -> None:
    """Let the client have a record."""
    content = json.dumps(record).encode()
    response = {"Body": StreamingBody(BytesIO(content), len(content)), "ETag": '"v1"'}
    stub.add_response("get_object", response, TARGET)


def add_write(stub: Stubber, record: dict[str, str], **conditions: str) -> None:
    """Let the client write a record."""
    text = f"{json.dumps(record, indent=2, sort_keys=True)}\n"
    request = {
        **TARGET,
        **conditions,
        "Body": text.encode(),
        "ContentType": "application/json",
    }
    stub.add_response("put_object", {}, request)


def test_the_first_record_is_written_where_none_is(s3: Any, sagemaker: Any) -> None:
    """The first deployment writes only if nobody else did."""
    s3.add_client_error("get_object", "NoSuchKey", expected_params=TARGET)
    add_endpoint(sagemaker)
    add_write(s3, RECORD, IfNoneMatch="*")
    assert respond(EVENT, clock, s3=s3.client, sagemaker=sagemaker.client) == {
        "PreviousModelPackageArn": ""
    }


def test_a_later_record_replaces_the_one_that_was_read(s3: Any, sagemaker: Any) -> None:
    """The record names the package before, and replaces the version that it was made from."""
    add_record(s3, EARLIER)
    add_endpoint(sagemaker)
    previous = EARLIER["model_package_arn"]
    add_write(s3, {**RECORD, "previous_model_package_arn": previous}, IfMatch='"v1"')
    assert respond(EVENT, clock, s3=s3.client, sagemaker=sagemaker.client) == {
        "PreviousModelPackageArn": previous
    }


def test_the_same_execution_may_ask_again(s3: Any, sagemaker: Any) -> None:
    """A call that is repeated changes nothing, and remembers what was in force before."""
    add_record(s3, {**RECORD, "previous_model_package_arn": "before"})
    assert respond(EVENT, clock, s3=s3.client, sagemaker=sagemaker.client) == {
        "PreviousModelPackageArn": "before"
    }


def test_a_key_of_its_own_encrypts_the_record(s3: Any, sagemaker: Any) -> None:
    """The site's key is used where there is one; the bucket's default otherwise."""
    s3.add_client_error("get_object", "NoSuchKey")
    add_endpoint(sagemaker)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key"}
    add_write(s3, RECORD, IfNoneMatch="*", **encryption)
    respond({**EVENT, "KmsKeyId": "key"}, clock, s3=s3.client, sagemaker=sagemaker.client)


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"])
def test_of_two_deployments_one_fails(s3: Any, sagemaker: Any, code: str) -> None:
    """A record that changed since it was read is not overwritten."""
    add_record(s3, EARLIER)
    add_endpoint(sagemaker)
    s3.add_client_error("put_object", code)
    with pytest.raises(RuntimeError) as caught:
        respond(EVENT, clock, s3=s3.client, sagemaker=sagemaker.client)
    assert str(caught.value) == (
        "s3://bucket/dogs/active/dogs.json was changed while this execution deployed: another "
        "deployment activated its baseline for the endpoint meanwhile. Start this pipeline again."
    )


def test_a_deployment_that_was_overtaken_is_not_recorded(s3: Any, sagemaker: Any) -> None:
    """The record of what the endpoint serves now stays as it is."""
    add_record(s3, EARLIER)
    add_endpoint(sagemaker, "dogs-abd")
    with pytest.raises(RuntimeError) as caught:
        respond(EVENT, clock, s3=s3.client, sagemaker=sagemaker.client)
    assert str(caught.value) == (
        "Endpoint 'dogs' has the configuration 'dogs-abd'; expected 'dogs-abc', which this "
        "execution deployed: something else changed the endpoint meanwhile. Start this pipeline "
        "again."
    )


def test_an_endpoint_that_is_gone_gets_no_record(s3: Any, sagemaker: Any) -> None:
    """Nothing is in force for an endpoint that somebody deleted meanwhile."""
    s3.add_client_error("get_object", "NoSuchKey")
    sagemaker.add_client_error(
        "describe_endpoint", "ValidationException", 'Could not find endpoint "dogs".'
    )
    with pytest.raises(RuntimeError) as caught:
        respond(EVENT, clock, s3=s3.client, sagemaker=sagemaker.client)
    assert str(caught.value) == (
        "Endpoint 'dogs' does not exist; expected 'dogs-abc', which this execution deployed: "
        "something else changed the endpoint meanwhile. Start this pipeline again."
    )


def test_a_damaged_record_is_named(s3: Any, sagemaker: Any) -> None:
    """What was in force cannot be told, so that a person has to look."""
    response = {"Body": StreamingBody(BytesIO(b"{"), 1), "ETag": '"v1"'}
    s3.add_response("get_object", response, TARGET)
    with pytest.raises(RuntimeError) as caught:
        respond(EVENT, clock, s3=s3.client, sagemaker=sagemaker.client)
    assert str(caught.value) == (
        "s3://bucket/dogs/active/dogs.json is no record of an active baseline: Expecting property "
        "name enclosed in double quotes: line 1 column 2 (char 1). Delete it, then start this "
        "pipeline again."
    )


@pytest.mark.parametrize("operation", ["get_object", "put_object"])
def test_other_faults_are_not_hidden(s3: Any, sagemaker: Any, operation: str) -> None:
    """A refused call fails the step with the service's own words."""
    if operation == "put_object":
        add_record(s3, EARLIER)
        add_endpoint(sagemaker)
    s3.add_client_error(operation, "AccessDenied", "The role may not.")
    with pytest.raises(ClientError, match="The role may not"):
        respond(EVENT, clock, s3=s3.client, sagemaker=sagemaker.client)


def test_the_time_is_this_moment_s_in_utc(
    s3: Any, sagemaker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without another clock, the record has the time of the call."""
    s3.add_client_error("get_object", "NoSuchKey")
    add_endpoint(sagemaker)
    s3.add_response(
        "put_object", {}, {**TARGET, "IfNoneMatch": "*", "Body": ANY, "ContentType": ANY}
    )
    written: dict[str, Any] = {}
    put = s3.client.put_object
    monkeypatch.setattr(
        s3.client, "put_object", lambda **request: (written.update(request), put(**request))
    )
    before = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - what the test is about
    respond(EVENT, s3=s3.client, sagemaker=sagemaker.client)
    activated = datetime.fromisoformat(json.loads(written["Body"])["activated_at"])
    assert activated.utcoffset() == before.utcoffset()
    assert 0 <= (activated - before).total_seconds() < 60
