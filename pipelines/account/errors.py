"""Errors of an account, and what botocore's own errors mean to a person.

AccountError     what an account refused, lacks or could not be asked
  DeniedError    an action that the credentials in use do not allow
  LeaseError     another writer is at work
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError


class AccountError(Exception):
    """Something is not done in the account; the message says what, and what to do next."""


class DeniedError(AccountError):
    """The credentials in use do not allow an action."""


class LeaseError(AccountError):
    """Another writer holds the lease, or took it over."""


_EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)
_INVALID = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset(
    {
        "403",  # the answer to a HEAD request has no body to say more
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
    }
)
"""Codes of answers that are not about what was asked, but about who asks.

Sources: Amazon SageMaker AI API Reference, "Common Error Types",
https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html; Amazon S3 API
Reference, "Error responses", https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

_S3_ACTIONS = {
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
}
"""Actions that are not named like their operation.

Source: Amazon S3 User Guide, "Required permissions for Amazon S3 API operations",
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

_LOG_IN = "log in again, for example with 'aws sso login', or name other credentials in AWS_PROFILE"
_AGAIN = "run the command again later"
_SERVER_ERROR = 500
_MENTIONED = re.compile(r"not authorized to perform: (\S+?)(?: on resource: \"?([^\s\"]+))?[\s\"]")
_OTHER_POLICY = re.compile(
    r"(?:with an explicit deny in a|because no) ((?:resource-based|service control|resource control"
    r"|session|VPC endpoint) policy|permissions boundary)"
)
"""What keeps an action from somebody whose own policies may allow it."""
_BUCKET_IN_HOST = re.compile(r"^.+\.(?=s3[.-])")
_ACCOUNT_IN_ARN = re.compile(r"(?<=:)\d{12}(?=:)")


@contextmanager
def explained() -> Iterator[None]:
    """Raise what botocore raises, and what triggers met, as an error that a person can act on.

    Raises:
        AccountError: A service refused, or cannot be reached.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from pipelines.reconcile import TriggerError

    try:
        yield
    except ClientError as error:
        raise _refusal(error) from error
    except TriggerError as error:
        raise AccountError(without_account(str(error))) from error
    except BotoCoreError as error:
        text = _failure(error)
        if text is None:
            raise
        raise AccountError(text) from error


def code(error: "ClientError") -> str:
    """The service's code of an error, for example `ResourceNotFoundException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def call_unless(done: str, call: Callable[..., Any], **request: Any) -> bool:
    """Make a call, unless it is done already: an earlier attempt may have, whose answer was lost.

    Args:
        done: Code of the error which says that it is done.
        call: Method of a client.
        **request: Its request.

    Returns:
        Whether it was made.
    """
    from botocore.exceptions import ClientError

    try:
        call(**request)
    except ClientError as error:
        if code(error) != done:
            raise
        return False
    return True


def annotate(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    """Note in an error's answer what was called on what: botocore's error names the operation only.

    A handler of botocore's event `after-call`; `keep_request` goes before it.
    """
    if "Error" in parsed:
        service = model.service_model.signing_name
        name = _S3_ACTIONS.get(model.name, model.name) if service == "s3" else model.name
        request = context.get(_REQUEST, {})
        members = ("Bucket", "Key") if service == "s3" else model.input_shape.required_members[:1]
        values = [request[member] for member in members if isinstance(request.get(member), str)]
        parsed["Error"] |= {"Action": f"{service}:{name}", "Resource": "/".join(values)}


_REQUEST = "pipelines_request"


def keep_request(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Keep a request for `annotate`. A handler of botocore's event `before-parameter-build`."""
    context[_REQUEST] = params


def _refusal(error: "ClientError") -> AccountError:
    answer = error.response.get("Error", {})
    reason = code(error)
    action = answer.get("Action", error.operation_name)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if reason in _DENIED:
        return DeniedError(_denied(answer, action))
    if reason in _EXPIRED:
        text = f"The AWS credentials have expired; {_LOG_IN}."
    elif reason in _INVALID:
        text = f"The AWS credentials are not valid ({reason}); {_LOG_IN}."
    elif reason == "NoSuchBucket":
        bucket = answer.get("Resource", "").partition("/")[0]
        text = f"The bucket '{bucket}' does not exist; create it, or name another with SITE_BUCKET."
    elif _is_throttled(reason):
        text = f"{action} was throttled again and again ({reason}); {_AGAIN}."
    elif status >= _SERVER_ERROR:
        text = f"{action} failed in the service again and again ({reason}, {status}); {_AGAIN}."
    else:
        message = without_account(answer.get("Message", "")).strip() or "no reason given"
        identity = error.response.get("ResponseMetadata", {}).get("RequestId")
        request = f" (request {identity})" if identity else ""
        text = f"{action} was refused: {reason}: {message}{request}"
    return AccountError(text)


def _denied(answer: dict[str, str], action: str) -> str:
    """Which action on which resource, in the words of the answer where it says so, and what helps.

    Source: AWS IAM User Guide, "Troubleshoot access denied error messages",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    resource = answer.get("Resource", "")
    words = answer.get("Message", "")
    found = _MENTIONED.search(f"{words} ")
    if found is not None:
        action = found[1]
        resource = (found[2] or resource).split(":", 5)[-1]
    place = f" on '{resource}'" if resource else ""
    other = _OTHER_POLICY.search(words)
    if other is not None:
        return (
            f"The credentials in use do not allow {action}{place}, because of a {other[1]}; ask "
            "whoever manages that one."
        )
    if action.startswith("s3:"):
        # Every request names the account that is to own the bucket.
        place += ", or the bucket is of another account than the site's"
    return (
        f"The credentials in use do not allow {action}{place}; 'pipelines permissions' prints the "
        "policies that are needed, and with '--role ROLE --compare FILE' what a policy lacks."
    )


def _is_throttled(reason: str) -> bool:
    from botocore.retries.standard import ThrottledRetryableChecker

    # botocore keeps the list of what it tries again.
    return reason in ThrottledRetryableChecker._THROTTLED_ERROR_CODES


def _failure(error: "BotoCoreError") -> str | None:
    """What kept a call from being answered; None: a mistake of ours, such as a wrong request."""
    from botocore import exceptions

    if isinstance(error, exceptions.NoRegionError | exceptions.InvalidRegionError):
        return f"There is no region to ask: {str(error).rstrip('.')}; correct SITE_REGION."
    where = f" at {_host(error.kwargs['endpoint_url'])}" if "endpoint_url" in error.kwargs else ""
    if isinstance(error, exceptions.NoCredentialsError):
        return (
            "There are no AWS credentials; log in, for example with 'aws sso login', or name them "
            "in AWS_PROFILE."
        )
    if isinstance(
        error,
        exceptions.ConfigParseError
        | exceptions.CredentialRetrievalError
        | exceptions.InvalidConfigError
        | exceptions.LoginError
        | exceptions.PartialCredentialsError
        | exceptions.ProfileNotFound
        | exceptions.SSOError
        | exceptions.TokenRetrievalError
        | exceptions.UnknownCredentialError,
    ):
        return f"The AWS credentials cannot be used: {str(error).rstrip('.')}; {_LOG_IN}."
    if isinstance(error, exceptions.ReadTimeoutError | exceptions.ConnectionClosedError):
        return f"The service{where} did not answer, again and again; {_AGAIN}."
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return (
            f"The service{where} cannot be reached; check the network, the proxy, SITE_REGION and "
            "AWS_ENDPOINT_URL."
        )
    return None


def _host(url: str) -> str:
    """Which service was called: no bucket, which S3 has before its own name, and no key."""
    return _BUCKET_IN_HOST.sub("", urlsplit(url).netloc)


def without_account(text: str) -> str:
    """A text of the service's, for a person who need not read the account's number in it."""
    return _ACCOUNT_IN_ARN.sub("<account>", text)
