"""Policies in force compared with what a role needs."""

from collections.abc import Mapping

import pytest

from pipelines.definition import Json
from pipelines.permissions.comparison import Difference, Kind, compare
from pipelines.permissions.policy import Statement
from pipelines.permissions.roles import Permissions, Role

FOLDER = "arn:aws:s3:::bucket/dogs/*"
ROLE = "arn:aws:iam::111122223333:role/dogs-execution"
SAGEMAKER_ONLY = {"StringEquals": {"iam:PassedToService": ["sagemaker.amazonaws.com"]}}
WANTED = [
    Statement(
        sid="Objects", actions=("s3:GetObject", "s3:PutObject"), resources=(FOLDER,), reason="Many."
    ),
    Statement(
        sid="PassRole", actions=("iam:PassRole",), resources=(ROLE,), condition=SAGEMAKER_ONLY
    ),
]
BOTH = ("s3:GetObject", "s3:PutObject")
OBJECTS = {"Sid": "O", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"]}
OBJECTS_HERE = {**OBJECTS, "Resource": FOLDER}
PASS_ROLE = {
    "Sid": "P",
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": ROLE,
    "Condition": SAGEMAKER_ONLY,
}


def found(*statements: Mapping[str, Json]) -> list[Difference]:
    """What is not as it should be."""
    return compare(WANTED, [{"Version": "2012-10-17", "Statement": list(statements)}])


def difference(
    kind: Kind, actions: str | tuple[str, ...], resources: str | tuple[str, ...], reason: str
) -> Difference:
    """One that is expected."""
    return Difference(
        kind=kind,
        actions=(actions,) if isinstance(actions, str) else actions,
        resources=(resources,) if isinstance(resources, str) else resources,
        reason=reason,
    )


@pytest.mark.parametrize("role", Role)
def test_generated_policies_are_neither_missing_nor_too_wide(
    roles: Mapping[Role, Permissions], role: Role
) -> None:
    """What this command prints, compared with itself, has no difference."""
    assert compare(roles[role].statements, roles[role].policies) == []


@pytest.mark.parametrize("role", Role)
def test_administrators_lack_nothing_and_have_too_much(
    roles: Mapping[Role, Permissions], role: Role
) -> None:
    """A policy that allows everything is said to be too wide, once."""
    policy = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    [item] = compare(roles[role].statements, [policy])
    assert (item.kind, item.actions, item.resources) == (Kind.WIDE, ("*",), ("*",))


@pytest.mark.parametrize("role", Role)
def test_nothing_lacks_everything(roles: Mapping[Role, Permissions], role: Role) -> None:
    """Without a policy every statement is missing, each said once."""
    statements = roles[role].statements
    assert compare(statements, []) == [
        difference(
            Kind.MISSING,
            item.actions,
            item.resources,
            f"allowed by no statement; needed for {item.sid}",
        )
        for item in statements
    ]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param([OBJECTS_HERE, PASS_ROLE], [], id="same"),
        pytest.param(
            [{**OBJECTS_HERE, "Action": "s3:GetObject"}, PASS_ROLE],
            [
                difference(
                    Kind.MISSING,
                    "s3:PutObject",
                    FOLDER,
                    "allowed by no statement; needed for Objects",
                )
            ],
            id="action_missing",
        ),
        pytest.param(
            [{**OBJECTS, "Resource": "arn:aws:s3:::bucket/dogs/raw/*"}, PASS_ROLE],
            [difference(Kind.MISSING, BOTH, FOLDER, "allowed by no statement; needed for Objects")],
            id="resource_too_narrow",
        ),
        pytest.param(
            [
                OBJECTS_HERE,
                PASS_ROLE,
                {"Sid": "No", "Effect": "Deny", "Action": "s3:Put*", "Resource": f"{FOLDER}.exe"},
            ],
            [
                difference(
                    Kind.MISSING,
                    "s3:PutObject",
                    FOLDER,
                    "denied by statement 'No'; needed for Objects",
                )
            ],
            id="part_denied",
        ),
        pytest.param(
            [{**OBJECTS_HERE, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, PASS_ROLE],
            [
                difference(
                    Kind.OPEN,
                    BOTH,
                    FOLDER,
                    "statement 'O' allows it under a condition; needed for Objects",
                )
            ],
            id="condition_that_cannot_be_judged",
        ),
        pytest.param(
            [OBJECTS_HERE, {**PASS_ROLE, "Condition": {}}],
            [
                difference(
                    Kind.WIDE,
                    "iam:PassRole",
                    ROLE,
                    "needed is only what has StringEquals iam:PassedToService "
                    "sagemaker.amazonaws.com, in statement 'P'",
                )
            ],
            id="without_condition",
        ),
        pytest.param(
            [
                OBJECTS_HERE,
                {**PASS_ROLE, "Condition": {"StringLike": {"IAM:PassedToService": "*.com"}}},
            ],
            [
                difference(
                    Kind.WIDE,
                    "iam:PassRole",
                    ROLE,
                    "needed is only what has StringEquals iam:PassedToService "
                    "sagemaker.amazonaws.com, in statement 'P'",
                )
            ],
            id="wider_condition",
        ),
        pytest.param(
            [
                {**OBJECTS, "Action": ["s3:*Object"], "Resource": [FOLDER]},
                PASS_ROLE,
            ],
            [
                difference(
                    Kind.WIDE,
                    "s3:*Object",
                    FOLDER,
                    "needed are only s3:{GetObject,PutObject}, in statement 'O'",
                )
            ],
            id="pattern_of_actions",
        ),
        pytest.param(
            [{**OBJECTS, "Resource": "arn:aws:s3:::bucket/*"}, PASS_ROLE],
            [
                difference(
                    Kind.WIDE,
                    BOTH,
                    "arn:aws:s3:::bucket/*",
                    f"needed is only {FOLDER}, in statement 'O'",
                )
            ],
            id="whole_bucket",
        ),
        pytest.param(
            [
                OBJECTS_HERE,
                PASS_ROLE,
                {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": FOLDER},
            ],
            [
                difference(
                    Kind.WIDE,
                    "s3:DeleteObject",
                    FOLDER,
                    "nothing of it is needed, in a statement without Sid",
                )
            ],
            id="other_action",
        ),
        pytest.param(
            [{"Sid": "N", "Effect": "Allow", "NotAction": "iam:Create*", "Resource": "*"}],
            [
                difference(
                    Kind.WIDE,
                    "all but iam:Create*",
                    "*",
                    "name what is needed, in statement 'N'",
                )
            ],
            id="all_but_actions",
        ),
        pytest.param(
            [
                PASS_ROLE,
                {
                    "Sid": "N",
                    "Effect": "Allow",
                    "Action": "s3:*",
                    "NotResource": "arn:aws:s3:::secret/*",
                },
            ],
            [
                difference(
                    Kind.WIDE,
                    "s3:*",
                    "all but arn:aws:s3:::secret/*",
                    "name what is needed, in statement 'N'",
                )
            ],
            id="all_but_resources",
        ),
    ],
)
def test_differences_say_what_and_why(
    statements: list[Mapping[str, Json]], expected: list[Difference]
) -> None:
    """A missing, an unjudgeable and an unneeded permission are named with the statement."""
    assert found(*statements) == expected


def test_values_of_a_condition_may_be_allowed_by_several_statements() -> None:
    """Each value is looked for: together they lack nothing, and one that is missing is named."""
    services = ["events.amazonaws.com", "scheduler.amazonaws.com"]
    wanted = [
        Statement(
            sid="PassRole",
            actions=("iam:PassRole",),
            resources=(ROLE,),
            condition={"StringEquals": {"iam:PassedToService": services}},
        )
    ]
    events, scheduler = (
        {**PASS_ROLE, "Condition": {"StringEquals": {"iam:PassedToService": service}}}
        for service in services
    )
    denied = {**events, "Sid": "No", "Effect": "Deny"}
    assert compare(wanted, [{"Statement": [events, scheduler]}]) == []
    assert compare(wanted, [{"Statement": events}]) == [
        difference(
            Kind.MISSING,
            "iam:PassRole",
            ROLE,
            "allowed by no statement; needed for PassRole with iam:PassedToService "
            "scheduler.amazonaws.com",
        )
    ]
    assert compare(wanted, [{"Statement": [events, scheduler, denied]}]) == [
        difference(
            Kind.MISSING,
            "iam:PassRole",
            ROLE,
            "denied by statement 'No'; needed for PassRole with iam:PassedToService "
            "events.amazonaws.com",
        )
    ]


def test_actions_that_share_resources_are_one_difference() -> None:
    """What lacks the same resources is said together, missing ones first; order is the statements'.

    An action that lacks fewer resources than the others of its statement is said apart.
    """
    bucket = "arn:aws:s3:::bucket"
    wanted = [
        Statement(
            sid="Jobs",
            actions=("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
            resources=(f"{bucket}/a", f"{bucket}/b", f"{bucket}/c"),
        )
    ]
    statements = [
        {"Sid": "X", "Effect": "Allow", "Action": ["s3:Get*", "s3:Put*"], "Resource": "*"},
        {"Sid": "A", "Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"{bucket}/a"},
        {"Sid": "B", "Effect": "Deny", "Action": "s3:*", "Resource": [f"{bucket}/b"]},
        {
            "Sid": "T",
            "Effect": "Allow",
            "Action": ["s3:GetBucketAcl", "s3:GetBucketCORS"],
            "Resource": [bucket, "arn:aws:s3:::other"],
        },
    ]
    assert compare(wanted, [{"Statement": statements}]) == [
        difference(
            Kind.MISSING,
            ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
            f"{bucket}/b",
            "denied by statement 'B'; needed for Jobs",
        ),
        difference(
            Kind.MISSING,
            "s3:DeleteObject",
            f"{bucket}/c",
            "allowed by no statement; needed for Jobs",
        ),
        difference(Kind.WIDE, "s3:Get*", "*", "needed are only s3:GetObject, in statement 'X'"),
        difference(Kind.WIDE, "s3:Put*", "*", "needed are only s3:PutObject, in statement 'X'"),
        difference(
            Kind.WIDE,
            ("s3:GetBucketAcl", "s3:GetBucketCORS"),
            (bucket, "arn:aws:s3:::other"),
            "nothing of it is needed, in statement 'T'",
        ),
    ]
