"""Publishes Lambda functions, each version under an alias that never moves, and removes old ones.

    code, configuration -> $LATEST -> version 7 -> alias code-0123456789ab -> permission for rules

Nothing calls `$LATEST`, so that a change which ends half-way concerns nobody: what is missing is
made by the next attempt. The alias comes when its version can be called.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from pipelines.account.errors import AccountError, call_unless, code
from pipelines.permissions.triggers import RULES_SERVICE
from steps.lambda_function import Function

WAIT_SECONDS = 1.0
MAX_WAITS = 120
"""A function is usually ready in seconds."""
_ABSENT = "ResourceNotFoundException"
_THERE = "ResourceConflictException"
_FAILED = "Failed"
_CHANGING = frozenset({"Pending", "InProgress"})
"""Values of State, and of LastUpdateStatus."""
_RULES = "rules"
"""Id of the statement that lets rules call a function."""
_ALIAS_ARN = re.compile(r":function:([\w-]+):(code-[0-9a-f]{12})\b")

Sleep = Callable[[float], None]


def is_published(function: Function, lambda_: Any) -> bool:
    """Whether a function can be called by the name that steps and rules call it by.

    Args:
        function: The function.
        lambda_: A Lambda client.
    """
    from botocore.exceptions import ClientError

    try:
        lambda_.get_alias(FunctionName=function.name, Name=function.alias)
        if function.rules_arn:
            answer = lambda_.get_policy(FunctionName=function.name, Qualifier=function.alias)
            statements = json.loads(answer["Policy"])["Statement"]
            return any(statement["Sid"] == _RULES for statement in statements)
    except ClientError as error:
        if code(error) == _ABSENT:
            return False
        raise
    return True


def publish(function: Function, lambda_: Any, sleep: Sleep) -> None:
    """Make a function callable by its alias. It can be repeated after whatever it raised.

    Args:
        function: The function.
        lambda_: A Lambda client.
        sleep: Waits for a number of seconds.

    Raises:
        AccountError: The function does not become ready, or somebody else changes it.
    """
    archive = function.code.zip_archive()
    checksum = base64.b64encode(hashlib.sha256(archive).digest()).decode()
    name = {"FunctionName": function.name}
    _make(function, archive, lambda_)
    _update(function, archive, checksum, lambda_, sleep)
    # Without changes since the last version, this answers that one.
    version = lambda_.publish_version(**name, CodeSha256=checksum)["Version"]
    _ready(function, version, lambda_, sleep)
    if function.reserved_concurrency is not None:
        lambda_.put_function_concurrency(
            **name, ReservedConcurrentExecutions=function.reserved_concurrency
        )
    are_new = [
        call_unless(
            _THERE, lambda_.create_alias, **name, Name=function.alias, FunctionVersion=version
        )
    ]
    if function.rules_arn:
        are_new.append(
            call_unless(
                _THERE,
                lambda_.add_permission,
                **name,
                Qualifier=function.alias,
                StatementId=_RULES,
                Action="lambda:InvokeFunction",
                Principal=RULES_SERVICE,
                SourceArn=function.rules_arn,
            )
        )
    # Lambda has the same answer for what is there, and for what is being changed by somebody.
    if not all(are_new) and not is_published(function, lambda_):
        raise AccountError(
            f"Function '{function.name}' is being changed by somebody else; run the command again "
            "later, it goes on where it was."
        )


def _update(function: Function, archive: bytes, checksum: str, lambda_: Any, sleep: Sleep) -> None:
    """Bring what the next version is made of up to date."""
    name = {"FunctionName": function.name}
    latest = _settled(function, "$LATEST", lambda_, sleep)
    # Of an update that Lambda gave up nobody knows what is in force: all of it is done again.
    is_unknown = latest.get("LastUpdateStatus") == _FAILED
    if is_unknown or any(latest.get(key) != it for key, it in function.configuration.items()):
        lambda_.update_function_configuration(**name, **function.configuration)
        latest = _ready(function, "$LATEST", lambda_, sleep)
    if is_unknown or latest["CodeSha256"] != checksum:
        lambda_.update_function_code(**name, ZipFile=archive)
        _ready(function, "$LATEST", lambda_, sleep)


def _make(function: Function, archive: bytes, lambda_: Any) -> None:
    from botocore.exceptions import ClientError

    try:
        lambda_.get_function_configuration(FunctionName=function.name)
    except ClientError as error:
        if code(error) != _ABSENT:
            raise
        call_unless(
            _THERE,
            lambda_.create_function,
            FunctionName=function.name,
            Code={"ZipFile": archive},
            **function.configuration,
        )


def _ready(function: Function, qualifier: str, lambda_: Any, sleep: Sleep) -> dict[str, Any]:
    """A function's configuration, once it can be called and changed."""
    answer = _settled(function, qualifier, lambda_, sleep)
    if answer.get("LastUpdateStatus") == _FAILED:
        reason = answer.get("LastUpdateStatusReason", "no reason given")
        raise AccountError(
            f"Lambda gave up updating function '{function.name}': {reason.rstrip('.')}; run the "
            "command again, it goes on where it was."
        )
    return answer


def _settled(function: Function, qualifier: str, lambda_: Any, sleep: Sleep) -> dict[str, Any]:
    """A function's configuration, once nothing happens to it any more.

    Source: AWS Lambda Developer Guide, "Lambda function states",
    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    for _ in range(MAX_WAITS):
        answer: dict[str, Any] = lambda_.get_function_configuration(
            FunctionName=function.name, Qualifier=qualifier
        )
        if answer.get("State") == _FAILED:
            reason = answer.get("StateReason", "no reason given")
            raise AccountError(
                f"Lambda could not create function '{function.name}': {reason.rstrip('.')}; delete "
                "it, and run the command again."
            )
        if not {answer.get("State"), answer.get("LastUpdateStatus")} & _CHANGING:
            return answer
        sleep(WAIT_SECONDS)
    raise AccountError(
        f"Function '{function.name}' is not ready after {MAX_WAITS * WAIT_SECONDS:.0f} s; run the "
        "command again later, it goes on where it was."
    )


def called(texts: Iterable[str]) -> set[tuple[str, str]]:
    """Names and aliases of the functions whose ARNs stand in texts."""
    return {(match[1], match[2]) for text in texts for match in _ALIAS_ARN.finditer(text)}


def remove_unused(
    names: Collection[str], used: Collection[tuple[str, str]], lambda_: Any
) -> Iterator[str]:
    """Remove the published versions of functions that nothing calls, and functions without any.

    Args:
        names: Names of the functions to look at.
        used: Names and aliases of those that are called.
        lambda_: A Lambda client.

    Yields:
        What was removed.
    """
    from botocore.exceptions import ClientError

    for name in sorted(names):
        pages = lambda_.get_paginator("list_aliases").paginate(FunctionName=name)
        try:
            aliases = [alias for page in pages for alias in page["Aliases"]]
        except ClientError as error:
            if code(error) != _ABSENT:
                raise
            continue
        kept = [alias for alias in aliases if (name, alias["Name"]) in used]
        if not kept:
            call_unless(_ABSENT, lambda_.delete_function, FunctionName=name)
            yield f"removed function {name}"
            continue
        for alias in aliases:
            if alias not in kept:
                call_unless(_ABSENT, lambda_.delete_alias, FunctionName=name, Name=alias["Name"])
                yield f"removed function {name}  {alias['Name']}"
        # Those, too, that an attempt which ended half-way has left without an alias.
        for version in _versions(name, lambda_) - {alias["FunctionVersion"] for alias in kept}:
            call_unless(_ABSENT, lambda_.delete_function, FunctionName=name, Qualifier=version)


def _versions(name: str, lambda_: Any) -> set[str]:
    pages = lambda_.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    return {item["Version"] for page in pages for item in page["Versions"]} - {"$LATEST"}
