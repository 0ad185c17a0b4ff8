"""What the Python face returns of a definition."""

import json

import pytest

from pipelines.checks import Finding
from pipelines.notebook.messages import NotThereError
from pipelines.notebook.results import Definition, Findings, Policies
from pipelines.permissions.policy import Statement
from pipelines.permissions.roles import Permissions, Role
from pipelines.shown import PRE

TEXT = '{"Parameters": [{"Name": "A"}], "Steps": [{"Name": "Train", "Type": "Training"}]}'
FINDING = Finding(rule="D010", pointer="/Steps/0", message="a < b.", source="https://x")
POLICIES = Policies(
    roles={
        Role.TRIGGERS: Permissions(
            role=Role.TRIGGERS,
            role_arn="arn:aws:iam::111122223333:role/triggers",
            services=("events",),
            account="111122223333",
            statements=(
                Statement(sid="Start", actions=("a:B",), resources=("arn:aws:a:::pipeline/x",)),
            ),
        )
    }
)


def test_a_definition_is_its_text() -> None:
    """As text it is the JSON; a notebook folds it behind its size."""
    definition = Definition(name="training", text=TEXT)
    assert str(definition) == TEXT
    assert definition.document == json.loads(TEXT)
    assert definition._repr_html_().startswith(
        f"<details><summary>training: 1 steps, 1 parameters</summary>{PRE}{{&quot;Parameters&quot;"
    )


@pytest.mark.parametrize(
    ("findings", "text"),
    [
        pytest.param((), "training: 82 rules, 0 findings", id="none"),
        pytest.param(
            (FINDING,),
            "training:/Steps/0 D010 a < b.\ntraining: 82 rules, 1 finding",
            id="one",
        ),
    ],
)
def test_findings_are_lines(findings: tuple[Finding, ...], text: str) -> None:
    """They are counted, true where there are some, and say so as the command does."""
    found = Findings(name="training", findings=findings, num_rules=82)
    assert str(found) == text
    assert bool(found) == bool(findings)
    assert tuple(found) == findings
    assert found._repr_html_() == f"{PRE}{text.replace('<', '&lt;')}</pre>"


def test_a_role_that_is_not_there() -> None:
    """The message says which there are."""
    with pytest.raises(NotThereError) as caught:
        _ = POLICIES["trigger"]
    assert caught.value._render_traceback_() == [
        "NotThereError: There is no role 'trigger'. Roles: triggers. Did you mean 'triggers'?"
    ]


def test_policies_are_found_by_role() -> None:
    """As text they are JSON by role; a notebook folds each behind its role."""
    assert POLICIES["triggers"].role_arn == "arn:aws:iam::111122223333:role/triggers"
    assert json.loads(str(POLICIES)) == POLICIES.document
    assert POLICIES.document["triggers"]["Policies"][0]["Statement"][0]["Sid"] == "Start"
    assert POLICIES._repr_html_().startswith(f"<details><summary>triggers</summary>{PRE}{{\n")
