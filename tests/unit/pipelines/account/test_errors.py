"""Tests of pipelines.account.errors: botocore's own errors, raised by botocore's own clients."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidRegionError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from pipelines.account.clients import Clients
from pipelines.account.errors import AccountError, DeniedError, call_unless, explained
from tests.aws import SITE, Account, Fault
from tests.unit.stubs import stubbed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

LOG_IN = "log in again, for example with 'aws sso login', or name other credentials in AWS_PROFILE."
PERMISSIONS = (
    "'pipelines permissions' prints the policies that are needed, and with '--role ROLE --compare "
    "FILE' what a policy lacks."
)
AGAIN = "run the command again later."


def raised(call: Callable[..., Any], **request: Any) -> AccountError:
    """The error of a call."""
    with pytest.raises(AccountError) as caught, explained():
        call(**request)
    return caught.value


def refused(account: Account, code: str, message: str = "", status: int = 400) -> AccountError:
    """The error of a call that is refused with a code."""
    client = account.clients.sagemaker
    with Stubber(client) as stub:
        stub.add_client_error("describe_pipeline", code, message, status)
        return raised(client.describe_pipeline, PipelineName="dogs-training")


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to get some."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    error = raised(Clients(SITE).sts.get_caller_identity)
    assert str(error) == (
        "There are no AWS credentials; log in, for example with 'aws sso login', or name them in "
        "AWS_PROFILE."
    )


def test_a_profile_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names it."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AccountError) as caught:
        _ = Clients(SITE).sts
    assert str(caught.value) == (
        "The AWS credentials cannot be used: The config profile (nobody) could not be found; "
        + LOG_IN
    )


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_expired_credentials(account: Account, code: str) -> None:
    """The services have several codes for it."""
    assert str(refused(account, code)) == f"The AWS credentials have expired; {LOG_IN}"


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidClientTokenId"])
def test_credentials_that_are_not_valid(account: Account, code: str) -> None:
    """They belong to nobody, or their secret is wrong."""
    assert str(refused(account, code)) == f"The AWS credentials are not valid ({code}); {LOG_IN}"


def test_denied_with_the_services_own_words(account: Account) -> None:
    """Which action on which resource is in the message, and the account's number is not."""
    error = refused(
        account,
        "AccessDeniedException",
        "User: arn:aws:sts::111122223333:assumed-role/dev/anna is not authorized to perform: "
        "sagemaker:DescribePipeline on resource: "
        "arn:aws:sagemaker:us-east-1:111122223333:pipeline/dogs-training because no "
        "identity-based policy allows the sagemaker:DescribePipeline action",
    )
    assert isinstance(error, DeniedError)
    assert str(error) == (
        "The credentials in use do not allow sagemaker:DescribePipeline on "
        f"'pipeline/dogs-training'; {PERMISSIONS}"
    )


def test_denied_in_few_words(account: Account) -> None:
    """What was called on what is known without the service; a HEAD request has no words at all."""
    assert str(refused(account, "AccessDeniedException", "Access denied")) == (
        "The credentials in use do not allow sagemaker:DescribePipeline on 'dogs-training'; "
        + PERMISSIONS
    )
    client = account.clients.s3
    with Stubber(client) as stub:
        stub.add_client_error("head_object", "403", "Forbidden", 403)
        error = raised(client.head_object, Bucket="my-bucket", Key="dogs/code/a")
    assert isinstance(error, DeniedError)
    assert str(error) == (
        "The credentials in use do not allow s3:GetObject on 'my-bucket/dogs/code/a', or the "
        f"bucket is of another account than the site's; {PERMISSIONS}"
    )


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        ("with an explicit deny in a service control policy", "service control policy"),
        ("with an explicit deny in a resource-based policy", "resource-based policy"),
        ("because no permissions boundary allows the s3:GetObject action", "permissions boundary"),
        ("because no VPC endpoint policy allows the s3:GetObject action", "VPC endpoint policy"),
    ],
)
def test_denied_by_a_policy_of_others(account: Account, words: str, policy: str) -> None:
    """The own policies may be as they have to be: comparing them would find nothing."""
    error = refused(
        account,
        "AccessDenied",
        "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: s3:GetObject on "
        f'resource: "arn:aws:s3:::my-bucket/dogs/a" {words}',
    )
    assert isinstance(error, DeniedError)
    assert str(error) == (
        "The credentials in use do not allow s3:GetObject on 'my-bucket/dogs/a', because of a "
        f"{policy}; ask whoever manages that one."
    )


def test_a_request_without_a_resource(account: Account) -> None:
    """Then there is none to name."""
    client = account.clients.sts
    with Stubber(client) as stub:
        stub.add_client_error("get_caller_identity", "AccessDenied", "no", 403)
        error = raised(client.get_caller_identity)
    assert str(error) == (
        f"The credentials in use do not allow sts:GetCallerIdentity; {PERMISSIONS}"
    )


def test_a_bucket_that_does_not_exist(account: Account) -> None:
    """The message names the setting."""
    error = raised(account.clients.s3.put_object, Bucket="elsewhere", Key="a", Body=b"")
    assert str(error) == (
        "The bucket 'elsewhere' does not exist; create it, or name another with SITE_BUCKET."
    )


@pytest.mark.parametrize(
    ("fault", "sagemaker", "s3"),
    [
        (
            Fault.THROTTLED,
            f"sagemaker:ListPipelines was throttled again and again (ThrottlingException); {AGAIN}",
            f"s3:ListBucket was throttled again and again (SlowDown); {AGAIN}",
        ),
        (
            Fault.SERVER_ERROR,
            "sagemaker:ListPipelines failed in the service again and again (InternalFailure, 500); "
            + AGAIN,
            "s3:ListBucket failed in the service again and again (InternalError, 500); " + AGAIN,
        ),
        (
            Fault.TIMED_OUT,
            f"The service at URL did not answer, again and again; {AGAIN}",
            f"The service at URL did not answer, again and again; {AGAIN}",
        ),
    ],
)
def test_faults_that_do_not_end(account: Account, fault: Fault, sagemaker: str, s3: str) -> None:
    """A call is tried eight times."""
    account.faults = lambda *_: fault
    error = raised(account.clients.sagemaker.list_pipelines)
    assert account.num_attempts == 8
    address = account.url.removeprefix("http://")
    assert str(error) == sagemaker.replace("URL", address)
    error = raised(account.clients.s3.list_objects_v2, Bucket=SITE.bucket)
    assert str(error) == s3.replace("URL", address)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://my.bucket.s3.eu-west-1.amazonaws.com/dogs/a?x=1", "s3.eu-west-1.amazonaws.com"),
        ("https://s3.amazonaws.com/my-bucket/dogs/a", "s3.amazonaws.com"),
        ("https://my-bucket.s3-fips.us-east-1.amazonaws.com/", "s3-fips.us-east-1.amazonaws.com"),
        ("https://api.sagemaker.us-east-1.amazonaws.com/", "api.sagemaker.us-east-1.amazonaws.com"),
    ],
)
def test_the_address_of_a_service_tells_no_bucket(url: str, host: str) -> None:
    """The default bucket has the account's number in its name."""
    with pytest.raises(AccountError) as caught, explained():
        raise ReadTimeoutError(endpoint_url=url)
    assert str(caught.value) == f"The service at {host} did not answer, again and again; {AGAIN}"


def test_a_service_that_cannot_be_reached(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong address, a proxy, no network."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    error = raised(Clients(SITE).sts.get_caller_identity)
    assert str(error) == (
        "The service at 127.0.0.1:9 cannot be reached; check the network, the proxy, "
        "SITE_REGION and AWS_ENDPOINT_URL."
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoRegionError(), "You must specify a region"),
        (
            InvalidRegionError(region_name="eu west"),
            "Provided region_name 'eu west' doesn't match a supported format",
        ),
    ],
    ids=["none", "malformed"],
)
def test_no_region(error: BotoCoreError, words: str) -> None:
    """The message names the setting."""
    with pytest.raises(AccountError) as caught, explained():
        raise error
    assert str(caught.value) == f"There is no region to ask: {words}; correct SITE_REGION."


def test_any_other_refusal(account: Account) -> None:
    """What the service says, without the account's number."""
    arn = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/dogs-training"
    error = refused(account, "ConflictException", f"{arn} is being updated.")
    assert str(error) == (
        "sagemaker:DescribePipeline was refused: ConflictException: "
        "arn:aws:sagemaker:us-east-1:<account>:pipeline/dogs-training is being updated."
    )
    assert str(refused(account, "ConflictException")) == (
        "sagemaker:DescribePipeline was refused: ConflictException: no reason given"
    )


def test_a_refusal_that_can_be_asked_about(account: Account) -> None:
    """Whoever asks AWS about it is asked for the request's id."""
    client = account.clients.sagemaker
    with Stubber(client) as stub:
        stub.add_client_error(
            "describe_pipeline",
            "ValidationException",
            "It is not so.",
            response_meta={"RequestId": "0f1e-2d"},
        )
        error = raised(client.describe_pipeline, PipelineName="dogs-training")
    assert str(error) == (
        "sagemaker:DescribePipeline was refused: ValidationException: It is not so. (request "
        "0f1e-2d)"
    )


def test_a_request_that_is_no_request() -> None:
    """That is a mistake of ours, and not explained away."""
    error = ParamValidationError(report="Invalid type for parameter Key")
    with pytest.raises(ParamValidationError), explained():
        raise error


def test_only_what_is_done_already_is_passed_over() -> None:
    """Another refusal of a repeated call is one."""
    for stub in stubbed("lambda"):
        name = {"FunctionName": "f"}
        stub.add_client_error("delete_function", "ResourceNotFoundException", expected_params=name)
        call_unless("ResourceNotFoundException", stub.client.delete_function, **name)
        stub.add_client_error("delete_function", "ResourceConflictException", expected_params=name)
        with pytest.raises(ClientError, match="ResourceConflict"):
            call_unless("ResourceNotFoundException", stub.client.delete_function, **name)
