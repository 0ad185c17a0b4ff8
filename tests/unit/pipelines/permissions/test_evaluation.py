"""Decisions about requests: AWS' own examples, moto's engine, and what has to be left open."""

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.access_control import IAMPolicy, PermissionResult

from pipelines.definition import Json
from pipelines.permissions.evaluation import Request, Verdict, decide, statements_about


def verdict(
    *statements: Mapping[str, Json],
    action: str,
    resource: str = "*",
    context: Mapping[str, Sequence[str]] | None = None,
) -> Verdict:
    """What a policy says."""
    request = Request(action=action, resource=resource, context=context or {})
    return decide([{"Version": "2012-10-17", "Statement": list(statements)}], request).verdict


# AWS IAM User Guide, "Amazon S3: Allows IAM users access to their S3 home directory" and "Policies
# and permissions": list one folder, and do anything inside of it.
HOME_FOLDER = (
    {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::amzn-s3-demo-bucket",
        "Condition": {"StringLike": {"s3:prefix": ["home/", "home/anna/*"]}},
    },
    {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": [
            "arn:aws:s3:::amzn-s3-demo-bucket/home/anna",
            "arn:aws:s3:::amzn-s3-demo-bucket/home/anna/*",
        ],
    },
)
# The same, "IAM JSON policy elements: NotAction": everything but IAM.
ALL_BUT_IAM = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
# The same, "IAM JSON policy elements: NotResource": nothing but one bucket.
ONLY_HR = {
    "Effect": "Deny",
    "Action": "s3:*",
    "NotResource": ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"],
}
# The same, "Granting a user permissions to pass a role to an AWS service".
PASS_ROLE = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": "arn:aws:iam::123456789012:role/EC2-roles-for-XYZ-*",
    "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
}
BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"
XYZ_ROLE = "arn:aws:iam::123456789012:role/EC2-roles-for-XYZ-1"


@pytest.mark.parametrize(
    ("statements", "request_", "expected"),
    [
        pytest.param(
            HOME_FOLDER,
            Request(action="s3:GetObject", resource=f"{BUCKET}/home/anna/a.txt"),
            Verdict.ALLOWED,
            id="own_object",
        ),
        pytest.param(
            HOME_FOLDER,
            Request(action="S3:getobject", resource=f"{BUCKET}/home/anna/a.txt"),
            Verdict.ALLOWED,
            id="case_of_actions",
        ),
        pytest.param(
            HOME_FOLDER,
            Request(action="s3:GetObject", resource=f"{BUCKET}/home/bert/a.txt"),
            Verdict.DENIED,
            id="other_object",
        ),
        pytest.param(
            HOME_FOLDER,
            Request(
                action="s3:ListBucket", resource=BUCKET, context={"s3:prefix": ["home/anna/x/"]}
            ),
            Verdict.ALLOWED,
            id="own_list",
        ),
        pytest.param(
            HOME_FOLDER,
            Request(action="s3:ListBucket", resource=BUCKET, context={"S3:Prefix": ["home/bert/"]}),
            Verdict.DENIED,
            id="other_list",
        ),
        pytest.param(
            HOME_FOLDER,
            Request(action="s3:ListBucket", resource=BUCKET),
            Verdict.OPEN,
            id="list_of_unknown_prefix",
        ),
        pytest.param(
            (ALL_BUT_IAM,),
            Request(action="sagemaker:CreateModel", resource="arn:aws:sagemaker:r:1:model/m"),
            Verdict.ALLOWED,
            id="not_action",
        ),
        pytest.param(
            (ALL_BUT_IAM,),
            Request(action="iam:PassRole", resource=XYZ_ROLE),
            Verdict.DENIED,
            id="not_action_itself",
        ),
        pytest.param(
            (ALL_BUT_IAM, ONLY_HR),
            Request(action="s3:GetObject", resource="arn:aws:s3:::HRBucket/Payroll/may.csv"),
            Verdict.ALLOWED,
            id="not_resource_spares",
        ),
        pytest.param(
            (ALL_BUT_IAM, ONLY_HR),
            Request(action="s3:GetObject", resource="arn:aws:s3:::HRBucket/other.csv"),
            Verdict.DENIED,
            id="not_resource_denies",
        ),
        pytest.param(
            (PASS_ROLE,),
            Request(
                action="iam:PassRole",
                resource=XYZ_ROLE,
                context={"iam:PassedToService": ["ec2.amazonaws.com"]},
            ),
            Verdict.ALLOWED,
            id="service",
        ),
        pytest.param(
            (PASS_ROLE,),
            Request(
                action="iam:PassRole",
                resource=XYZ_ROLE,
                context={"iam:PassedToService": ["lambda.amazonaws.com"]},
            ),
            Verdict.DENIED,
            id="other_service",
        ),
    ],
)
def test_documented_examples_decide_as_documented(
    statements: tuple[Mapping[str, Json], ...], request_: Request, expected: Verdict
) -> None:
    """Examples of the IAM User Guide allow and deny what the guide says."""
    assert decide([{"Statement": list(statements)}], request_).verdict is expected


ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*", "*"])
RESOURCES = st.sampled_from(
    ["arn:aws:s3:::b/a", "arn:aws:s3:::b/*", "arn:aws:s3:::*", "*", "arn:aws:s3:::b/*o*", "arn:x"]
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": ACTIONS, "Resource": RESOURCES}
)


@given(
    statements=st.lists(STATEMENTS, min_size=1, max_size=3),
    action=st.sampled_from(["s3:GetObject", "s3:PutObject"]),
    resource=st.sampled_from(["arn:aws:s3:::b/a", "arn:aws:s3:::b/long", "arn:aws:s3:::c/a"]),
)
def test_moto_decides_alike(statements: list[dict[str, str]], action: str, resource: str) -> None:
    """Without conditions and `?`, which it does not know, moto's engine and ours agree."""
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    theirs = IAMPolicy(document).is_action_permitted(action, resource)
    expected = Verdict.ALLOWED if theirs is PermissionResult.PERMITTED else Verdict.DENIED
    assert verdict(*statements, action=action, resource=resource) is expected


def allow(**members: Json) -> dict[str, Json]:
    """A statement that allows reading the bucket `b`."""
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    return {**whole, **members}


def deny(**members: Json) -> dict[str, Json]:
    """A statement that denies the same."""
    return {**allow(**members), "Effect": "Deny"}


ACCOUNT = {"aws:ResourceAccount": "1"}


@pytest.mark.parametrize(
    ("statements", "resource", "expected", "reason"),
    [
        pytest.param(
            [allow(Sid="Read")], "b/x/*", Verdict.ALLOWED, "allowed by statement 'Read'", id="whole"
        ),
        pytest.param([allow()], "*/x", Verdict.DENIED, "allowed by no statement", id="part"),
        pytest.param(
            [allow(), deny(Resource="arn:aws:s3:::b/x/secret")],
            "b/x/*",
            Verdict.DENIED,
            "denied by a statement without Sid",
            id="part_denied",
        ),
        pytest.param(
            [allow(), deny(Resource="arn:aws:s3:::b/y/*")],
            "b/x/*",
            Verdict.ALLOWED,
            "allowed by a statement without Sid",
            id="other_part_denied",
        ),
        pytest.param(
            [allow(Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}, Sid="Vpc")],
            "b/x",
            Verdict.OPEN,
            "statement 'Vpc' allows it under a condition",
            id="unknown_key",
        ),
        pytest.param(
            [allow(), deny(Sid="Home", Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})],
            "b/x",
            Verdict.OPEN,
            "statement 'Home' denies it under a condition",
            id="unknown_denial",
        ),
        pytest.param(
            [allow(Resource="arn:aws:s3:::${aws:PrincipalAccount}/*", Sid="Own")],
            "b/x",
            Verdict.OPEN,
            "statement 'Own' allows it under a condition",
            id="variable",
        ),
        pytest.param(
            [allow(), deny(Resource="arn:aws:s3:::${aws:PrincipalAccount}/*", Sid="Own")],
            "b/x",
            Verdict.OPEN,
            "statement 'Own' denies it under a condition",
            id="variable_denied",
        ),
        pytest.param(
            [
                {
                    "Effect": "Allow",
                    "Action": "s3:*",
                    "NotResource": "arn:aws:s3:::${aws:PrincipalAccount}/*",
                }
            ],
            "b/x",
            Verdict.OPEN,
            "a statement without Sid allows it under a condition",
            id="variable_spared",
        ),
        pytest.param(
            [{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/x/secret"}],
            "b/x/*",
            Verdict.DENIED,
            "allowed by no statement",
            id="part_spared",
        ),
        pytest.param(
            [allow(), {"Effect": "Deny", "NotAction": "s3:PutObject", "Resource": "*"}],
            "b/x",
            Verdict.DENIED,
            "denied by a statement without Sid",
            id="not_action_denied",
        ),
        pytest.param(
            [allow(), {"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*"}],
            "b/x",
            Verdict.ALLOWED,
            "allowed by a statement without Sid",
            id="not_action_spares",
        ),
        pytest.param(
            [allow(Condition={"StringEquals": ACCOUNT, "StringLike": {"aws:SourceVpc": "*"}})],
            "b/x",
            Verdict.OPEN,
            "a statement without Sid allows it under a condition",
            id="one_of_two_known",
        ),
    ],
)
def test_patterns_conditions_and_variables_are_judged_with_care(
    statements: list[dict[str, Json]], resource: str, expected: Verdict, reason: str
) -> None:
    """A pattern is allowed as a whole or not at all, and what cannot be known is left open."""
    request = Request(
        action="s3:GetObject",
        resource=f"arn:aws:s3:::{resource}",
        context={"aws:ResourceAccount": ["1"]},
    )
    decision = decide([{"Statement": statements}], request)
    assert (decision.verdict, decision.reason) == (expected, reason)


@pytest.mark.parametrize(
    ("operator", "values", "known", "allows", "denies"),
    [
        ("StringEquals", ["a", "b"], ["a"], True, True),
        ("StringEquals", ["a"], ["a", "b"], False, True),
        ("StringEquals", ["A"], ["a"], False, False),
        ("StringEquals", ["a*"], ["ab"], False, False),
        ("StringEqualsIfExists", ["a"], ["a"], True, True),
        ("ForAnyValue:StringEquals", ["a"], ["a", "b"], True, True),
        ("ForAnyValue:StringEquals", ["c"], ["a", "b"], False, False),
        ("StringLike", ["a/*"], ["a/b/*"], True, True),
        ("StringLike", ["a/b"], ["a/*"], False, True),
        ("StringEquals", ["a/b"], ["a/*"], False, True),
        ("ArnLike", ["arn:aws:iam::1:role/*"], ["arn:aws:iam::1:role/x"], True, True),
        ("ArnEquals", ["arn:aws:iam::*:role/x"], ["arn:aws:iam::2:role/x"], True, True),
        ("ArnLike", ["arn:aws:iam::1:role/x"], ["arn:aws:iam::1:role/y"], False, False),
        ("Bool", [True], ["true"], True, True),
        ("Bool", ["false"], ["true"], False, False),
    ],
)
def test_conditions_hold_for_all_or_for_any_value(
    operator: str, values: list[str | bool], known: list[str], allows: bool, denies: bool
) -> None:
    """A condition lets an allowance hold for all that is known, and a denial for any of it."""
    condition = {operator: {"Key": values}}
    context = {"key": known}
    allowed = verdict(
        allow(Condition=condition),
        action="s3:GetObject",
        resource="arn:aws:s3:::b/x",
        context=context,
    )
    denied = verdict(
        allow(),
        deny(Condition=condition),
        action="s3:GetObject",
        resource="arn:aws:s3:::b/x",
        context=context,
    )
    assert (allowed is Verdict.ALLOWED, denied is Verdict.DENIED) == (allows, denies)


@pytest.mark.parametrize(
    "operator", ["StringNotEquals", "ForAllValues:StringEquals", "NumericEquals"]
)
def test_other_operators_are_left_open(operator: str) -> None:
    """What this evaluator does not know it does not guess."""
    condition = {operator: {"key": "a"}}
    assert (
        verdict(
            allow(Condition=condition),
            action="s3:GetObject",
            resource="arn:aws:s3:::b/x",
            context={"key": ["a"]},
        )
        is Verdict.OPEN
    )


@pytest.mark.parametrize(
    ("principal", "is_about"),
    [
        pytest.param({"Principal": "*"}, True, id="anybody"),
        pytest.param({"Principal": {"AWS": "*"}}, True, id="any account"),
        pytest.param({"Principal": {"AWS": ["1", "*"]}}, True, id="any account in a list"),
        pytest.param({"Principal": {"Service": "events.amazonaws.com"}}, True, id="itself"),
        pytest.param({"Principal": {"Service": ["a", "events.amazonaws.com"]}}, True, id="listed"),
        pytest.param({"Principal": {"Service": "a"}}, False, id="another service"),
        pytest.param({"Principal": {"AWS": "111122223333"}}, False, id="an account"),
        pytest.param({"NotPrincipal": {"Service": "events.amazonaws.com"}}, False, id="spared"),
        pytest.param({"NotPrincipal": {"AWS": "111122223333"}}, True, id="all but an account"),
    ],
)
def test_statements_are_about_services_that_they_name(
    principal: dict[str, Json], is_about: bool
) -> None:
    """Everybody includes every service, however it is written."""
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", **principal}
    found = list(statements_about({"Statement": statement}, "events.amazonaws.com"))
    assert found == ([statement] if is_about else [])
