"""Statements and the documents that hold them."""

import json

import pytest

from pipelines.permissions.policy import Statement, documents, trust_policy


def objects(sid: str, *keys: str, reason: str = "") -> Statement:
    """Leave to read objects."""
    resources = tuple(f"arn:aws:s3:::bucket/{key}" for key in keys)
    return Statement(sid=sid, actions=("s3:GetObject",), resources=resources, reason=reason)


def test_a_statement_is_written_as_iam_takes_it() -> None:
    """Actions and resources are in order, each once, and none that another one covers."""
    statement = Statement(
        sid="ReadAndWrite",
        actions=("s3:PutObject", "s3:GetObject", "s3:GetObject"),
        resources=("arn:aws:s3:::b/x/y", "arn:aws:s3:::b/x/*", "arn:aws:s3:::a"),
        condition={"StringEquals": {"aws:ResourceAccount": ("111122223333",)}},
        reason="A folder.",
    )
    assert statement.to_document() == {
        "Sid": "ReadAndWrite",
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b/x/*"],
        "Condition": {"StringEquals": {"aws:ResourceAccount": ["111122223333"]}},
    }
    assert statement.wildcards == ("arn:aws:s3:::b/x/*",)


@pytest.mark.parametrize(("key", "reason"), [("a*", ""), ("a", "A folder.")])
def test_wildcards_have_a_reason(key: str, reason: str) -> None:
    """A pattern without a reason is a mistake, and so is a reason without a pattern."""
    with pytest.raises(ValueError, match="expected both or neither"):
        objects("Read", key, reason=reason)


def test_a_statement_allows_something() -> None:
    """A statement without resources would be refused by IAM."""
    with pytest.raises(ValueError, match="Statement 'Read' allows nothing"):
        objects("Read")


def test_policies_are_as_long_as_iam_takes() -> None:
    """Statements go on in another policy before one has more than 6,144 characters."""
    statements = [objects(f"Read{number}", "k" * 1000) for number in range(12)]
    pages = documents(statements)
    assert [len(page["Statement"]) for page in pages] == [5, 5, 2]
    assert all(len(json.dumps(page, separators=(",", ":"))) <= 6144 for page in pages)
    assert [item["Sid"] for page in pages for item in page["Statement"]] == [
        f"Read{number}" for number in range(12)
    ]


def test_a_long_statement_becomes_several() -> None:
    """The resources of a statement that alone is too long are divided, and none is lost."""
    keys = [f"{number:03}/{'k' * 200}" for number in range(100)]
    pages = documents([objects("Read", *keys, "x/*", reason="A folder.")])
    resources = [
        resource for page in pages for item in page["Statement"] for resource in item["Resource"]
    ]
    assert sorted(resources) == sorted(f"arn:aws:s3:::bucket/{key}" for key in [*keys, "x/*"])
    assert all(len(json.dumps(page, separators=(",", ":"))) <= 6144 for page in pages)
    assert all(item["Sid"] == "Read" for page in pages for item in page["Statement"])


def test_names_are_single_within_a_policy() -> None:
    """Parts of one statement stand in policies of their own, though two of them were short enough.

    Quarters of these resources have 4,000, 2,000, 2,000 and 4,000 characters.
    """
    long, short = "k" * 2000, "k" * 1000
    keys = [
        f"{number}/{key}"
        for number, key in enumerate([long, long, short, short, short, short, long, long])
    ]
    pages = documents([objects("Read", *keys)])
    assert [[item["Sid"] for item in page["Statement"]] for page in pages] == [["Read"]] * 4


def test_nothing_needs_no_policy() -> None:
    """Without statements there is no document."""
    assert documents([]) == []


def test_services_take_a_role_for_one_account() -> None:
    """A trust policy names the services, and the account on whose behalf they act."""
    assert trust_policy(["events", "scheduler"], "111122223333") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["events.amazonaws.com", "scheduler.amazonaws.com"]},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
            }
        ],
    }
