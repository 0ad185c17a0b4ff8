"""Statements of IAM policies, and the documents that hold them.

IAM's policies take no comments: a statement's name says what it is for, and why a resource has a
wildcard is kept beside it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipelines.definition import Json
from pipelines.permissions.patterns import arn_covers, is_pattern

MAX_POLICY_CHARACTERS = 6144
"""Of a managed policy, white space not counted.

Source: AWS IAM User Guide, "IAM and AWS STS quotas",
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

VERSION = "2012-10-17"

Condition = Mapping[str, Mapping[str, Sequence[str]]]
"""Values by context key, by operator."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What is allowed on which resources."""

    sid: str
    """Letters and digits: what it is for."""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    """ARNs, or patterns of them."""
    condition: Condition = field(default_factory=dict)
    reason: str = ""
    """Why resources have wildcards; empty where none has."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "actions", tuple(sorted(set(self.actions))))
        object.__setattr__(self, "resources", tuple(without_covered(self.resources)))
        if not self.actions or not self.resources:
            raise ValueError(f"Statement '{self.sid}' allows nothing.")
        if bool(self.wildcards) != bool(self.reason):
            raise ValueError(
                f"Statement '{self.sid}' has wildcards {self.wildcards} and a reason "
                f"'{self.reason}'; expected both or neither."
            )

    @property
    def wildcards(self) -> tuple[str, ...]:
        """The resources that are patterns."""
        return tuple(resource for resource in self.resources if is_pattern(resource))

    def to_document(self) -> dict[str, Json]:
        """The statement as IAM takes it."""
        document: dict[str, Json] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        if self.condition:
            document["Condition"] = {
                operator: {key: list(values) for key, values in keys.items()}
                for operator, keys in self.condition.items()
            }
        return document


def without_covered(patterns: Iterable[str]) -> Iterator[str]:
    """The patterns in order, each once, less those that another one covers."""
    known = sorted(set(patterns))
    for pattern in known:
        if not any(other != pattern and arn_covers(other, pattern) for other in known):
            yield pattern


def documents(statements: Iterable[Statement]) -> list[dict[str, Json]]:
    """As few policies as hold the statements in their order, none of them too long.

    Names are single within a policy.

    Source: AWS IAM User Guide, "IAM JSON policy elements: Sid",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    """
    pages: list[list[Statement]] = [[]]
    for statement in (part for whole in statements for part in _parts(whole)):
        is_named = statement.sid in {item.sid for item in pages[-1]}
        is_full = bool(pages[-1]) and _size([*pages[-1], statement]) > MAX_POLICY_CHARACTERS
        if is_named or is_full:
            pages.append([])
        pages[-1].append(statement)
    return [_document(page) for page in pages if page]


def _parts(statement: Statement) -> Iterator[Statement]:
    """The statement, or where it alone is too long, parts of it with fewer resources each."""
    num_resources = len(statement.resources)
    if _size([statement]) <= MAX_POLICY_CHARACTERS or num_resources == 1:
        yield statement
        return
    for half in (slice(None, num_resources // 2), slice(num_resources // 2, None)):
        resources = statement.resources[half]
        reason = statement.reason if any(map(is_pattern, resources)) else ""
        yield from _parts(replace(statement, resources=resources, reason=reason))


def _document(statements: Sequence[Statement]) -> dict[str, Json]:
    return {"Version": VERSION, "Statement": [item.to_document() for item in statements]}


def _size(statements: Sequence[Statement]) -> int:
    return len(re.sub(r"\s", "", json.dumps(_document(statements))))


def trust_policy(services: Sequence[str], account: str) -> dict[str, Json]:
    """Who may take a role: services, on behalf of one account.

    Args:
        services: For example `sagemaker`.
        account: Account number; without it a service could be made to act for somebody else.

    Source: AWS IAM User Guide, "The confused deputy problem",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": [f"{service}.amazonaws.com" for service in services]},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            }
        ],
    }
