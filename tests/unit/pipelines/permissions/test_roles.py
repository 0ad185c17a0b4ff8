"""All roles together: every statement is what IAM takes, and as narrow as the services allow."""

import json
import re
from collections.abc import Callable, Mapping

import pytest

from pipelines.permissions.patterns import is_pattern, overlaps
from pipelines.permissions.roles import Permissions, Role

Formats = Callable[[str], list[str]]


@pytest.fixture(params=["default", "secure"])
def some_roles(request: pytest.FixtureRequest) -> Mapping[Role, Permissions]:
    """The roles of the default site, or of the secure one."""
    found: Mapping[Role, Permissions] = request.getfixturevalue(
        "roles" if request.param == "default" else "secure"
    )
    return found


@pytest.mark.parametrize("role", Role)
def test_no_resource_is_everything_where_it_can_be_named(
    some_roles: Mapping[Role, Permissions], role: Role, arn_formats: Formats
) -> None:
    """`*` stands only where AWS' reference names no resource for an action, and always there.

    But for the alarms of updates: only whoever may look at all of them sees composite ones.
    """
    for statement in some_roles[role].statements:
        for action in statement.actions:
            takes_any = not arn_formats(action) or statement.sid == "LookAtAlarms"
            assert (statement.resources == ("*",)) is takes_any, (statement.sid, action)


@pytest.mark.parametrize("role", Role)
def test_actions_stand_with_resources_of_theirs(
    some_roles: Mapping[Role, Permissions], role: Role, arn_formats: Formats
) -> None:
    """Every action finds a resource of a type that it takes, and every resource an action."""
    for statement in some_roles[role].statements:
        if statement.resources == ("*",):
            continue
        for action in statement.actions:
            forms = arn_formats(action)
            fitting = [
                arn for arn in statement.resources if any(overlaps(form, arn) for form in forms)
            ]
            assert fitting, (statement.sid, action)
        forms = [form for action in statement.actions for form in arn_formats(action)]
        for arn in statement.resources:
            assert any(overlaps(form, arn) for form in forms), (statement.sid, arn)


@pytest.mark.parametrize("role", Role)
def test_policies_are_what_iam_takes(some_roles: Mapping[Role, Permissions], role: Role) -> None:
    """Sids are letters and digits, one of a kind in a policy; sizes are within the quota.

    Source: AWS IAM User Guide, "Grammar of the IAM JSON policy language",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    assert some_roles[role].policies
    for policy in some_roles[role].policies:
        assert policy.keys() == {"Version", "Statement"}
        sids = [statement["Sid"] for statement in policy["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)
        assert len(json.dumps(policy, separators=(",", ":"))) <= 6144


@pytest.mark.parametrize("role", Role)
def test_wildcards_name_account_and_region(
    some_roles: Mapping[Role, Permissions], role: Role
) -> None:
    """A wildcard stands in the name of a resource; whose resources it is about is always said."""
    for statement in some_roles[role].statements:
        for arn in statement.resources:
            if arn != "*":
                *place, name = arn.split(":", 5)
                assert not any(map(is_pattern, place)), arn
                assert name.strip("*"), arn


def test_a_document_has_policies_trust_and_reasons(roles: Mapping[Role, Permissions]) -> None:
    """Of a role it says who may take it; of whoever publishes there is no role to take."""
    document = roles[Role.TRIGGERS].to_document()
    assert document == {
        "RoleArn": "arn:aws:iam::111122223333:role/image-classification-triggers",
        "TrustPolicy": document["TrustPolicy"],
        "Policies": roles[Role.TRIGGERS].policies,
        "Wildcards": [],
    }
    [trust] = document["TrustPolicy"]["Statement"]
    assert trust["Principal"]["Service"] == ["events.amazonaws.com", "scheduler.amazonaws.com"]
    publisher = roles[Role.PUBLISHER].to_document()
    assert publisher.keys() == {"Policies", "Wildcards"}
    assert publisher["Wildcards"][0] == {
        "Sid": "Executions",
        "Resources": [
            "arn:aws:sagemaker:us-east-1:111122223333:pipeline/"
            f"image-classification-{name}/execution/*"
            for name in ("deployment", "monitoring", "retraining", "scoring", "training")
        ],
        "Reason": "Executions have made up ids.",
    }
