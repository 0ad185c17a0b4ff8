"""Finds the calls of service clients in sources, as IAM names their actions."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

ROOT = Path(__file__).parents[4]

_S3_ACTIONS = {
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
}
_PREFIXES = {"service-quotas": "servicequotas", "monitoring": "cloudwatch"}
_UNCHECKED = frozenset({"sts:GetCallerIdentity"})
"""Actions that need no permission.

Source: AWS Security Token Service API Reference, GetCallerIdentity,
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""


def iam_action(model: ServiceModel, operation: str) -> str:
    """What IAM calls an operation of a service."""
    return action_of(model.signing_name, operation)


def action_of(service: str, operation: str) -> str:
    """What IAM calls an operation.

    Args:
        service: Name with which requests to the service are signed.
        operation: For example `HeadObject`.

    Source: Amazon S3 User Guide, "Required permissions for Amazon S3 API operations",
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    prefix = _PREFIXES.get(service, service)
    name = _S3_ACTIONS.get(operation, operation) if prefix == "s3" else operation
    return f"{prefix}:{name}"


@cache
def _actions(client: str) -> Mapping[str, str]:
    """Actions by methods of a client, which is named like its service."""
    name = client.strip("_").replace("_", "-")
    loader = _loader()
    if name not in loader.list_available_services("service-2"):
        return {}
    model = ServiceModel(loader.load_service_model(name, "service-2"), service_name=name)
    return {xform_name(item): iam_action(model, item) for item in model.operation_names}


@cache
def _loader() -> Loader:
    loader: Loader = botocore.session.Session().get_component("data_loader")
    return loader


def actions_of(node: ast.AST) -> Iterator[str]:
    """The actions that are called inside of a piece of source.

    A client is a name or an attribute like its service's: `s3.get_object`, `self._s3.get_object`,
    `clients.lambda_.get_alias`, `scheduler.get_paginator("list_schedules")`; the method may also be
    handed on to be called.
    """
    for item in ast.walk(node):
        if isinstance(item, ast.Attribute) and (client := _client(item.value)):
            action = _actions(client).get(item.attr)
            if action is not None and action not in _UNCHECKED:
                yield action
        match item:
            case ast.Call(
                func=ast.Attribute(value=value, attr="get_paginator" | "get_waiter"),
                args=[ast.Constant(value=str(method))],
            ):
                client = _client(value)
                if method in _actions(client):
                    yield _actions(client)[method]


def _client(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def actions_in(paths: Iterable[Path]) -> dict[str, set[str]]:
    """The actions that modules call, each with the files that do."""
    found: dict[str, set[str]] = {}
    for path in paths:
        for action in actions_of(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(action, set()).add(path.relative_to(ROOT).as_posix())
    return found


def reached_actions(module: str, function: str) -> set[str]:
    """The actions of a function and of all first-party functions that it refers to."""
    found: set[str] = set()
    pending = [(module, function)]
    known: set[tuple[str, str]] = set()
    while pending:
        place = pending.pop()
        if place in known:
            continue
        known.add(place)
        bodies, names = _module(place[0])
        node = bodies.get(place[1])
        if node is None:
            continue
        found.update(actions_of(node))
        used = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
        pending.extend(names[name] for name in used if name in names)
    return found


@cache
def _module(name: str) -> tuple[dict[str, ast.AST], dict[str, tuple[str, str]]]:
    """Bodies of a module by name, and where the names lead that it knows."""
    path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    if not path.is_file():
        return {}, {}
    bodies: dict[str, ast.AST] = {}
    names: dict[str, tuple[str, str]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=own) | ast.ClassDef(name=own):
                bodies[own] = node
                names[own] = (name, own)
            case ast.ImportFrom(module=str(source), names=aliases, level=0):
                names.update(
                    {alias.asname or alias.name: (source, alias.name) for alias in aliases}
                )
    return bodies, names
