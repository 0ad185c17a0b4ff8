"""Tests of pipelines.plan.compare."""

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pipelines.plan import Deployed, plan
from pipelines.reconcile import PresentRule
from pipelines.release import Release
from pipelines.shown import PRE

OLD_DIGEST, OLD_ALIAS = "0" * 64, "1" * 12


def drift_rule(deployed: Deployed) -> PresentRule:
    """The rule that answers drift."""
    return deployed.rules["image-classification.drift"]


def test_what_is_deployed_as_released_needs_nothing(
    retraining: Release, deployed: Deployed
) -> None:
    """A plan after an upsert has no changes, and says so."""
    found = plan(retraining, deployed)
    assert not found.has_changes
    assert not found.changes_pipeline
    assert str(found) == "image-classification-retraining: no changes.\n"
    assert found.to_document()["HasChanges"] is False


def test_a_new_pipeline_is_all_there_is(retraining: Release) -> None:
    """Without a pipeline, everything is added, and no cache is told of."""
    found = plan(retraining, Deployed(missing_objects=frozenset(retraining.objects)))
    assert found.is_new
    assert found.changes_pipeline
    assert {change.verb for change in (*found.steps, *found.parameters, *found.triggers)} == {
        "added"
    }
    assert found.functions == retraining.functions
    assert found.objects == tuple(retraining.objects)
    lines = str(found).splitlines()
    assert lines[:2] == [
        "image-classification-retraining",
        "+ pipeline image-classification-retraining",
    ]
    assert "+ step Train  Training" in lines
    assert "+ parameter ImageSize  Integer, default 32" in lines
    assert "+ schedule image-classification.monitoring  cron(0 * * * ? *)" in lines
    assert "Step cache" not in str(found)


def test_changes_are_shown_in_their_places(retraining: Release, deployed: Deployed) -> None:
    """Settings, parameters, steps with their code, schedules and objects, and then the cache."""
    [train] = {digest for name, digest in retraining.manifests if name == "train"}
    [find] = {digest for name, digest in retraining.manifests if name == "find_approved_model"}
    text = retraining.definition.replace(train, OLD_DIGEST).replace(find, OLD_ALIAS)
    definition = json.loads(text)
    definition["Version"] = "2019-01-01"
    del definition["Parameters"][1]
    definition["Parameters"][5]["DefaultValue"] = 0.8
    definition["Parameters"].append({"Name": "Old", "Type": "String"})
    steps = {step["Name"]: step for step in definition["Steps"]}
    steps["Preprocess"]["Arguments"]["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"] = 30
    steps["Train"]["Arguments"]["EnableManagedSpotTraining"] = "?"
    definition["Steps"].append({"Name": "Gone", "Type": "Fail", "Arguments": {}})
    files = dict(retraining.manifests["train", train])
    script = "steps/train/script.py"
    before = replace(
        deployed,
        definition=definition,
        role_arn="arn:aws:iam::111122223333:role/other",
        missing_objects=frozenset(list(retraining.objects)[:1]),
        manifests={("train", OLD_DIGEST): {**files, script: "", "steps/train/old.py": ""}},
        schedules={"image-classification.old": {"ScheduleExpression": "rate(1 day)"}},
    )
    found = plan(retraining, before)
    shown = str(found).splitlines()
    assert found.has_changes
    assert found.changes_pipeline
    code = f"    ~ code train  {OLD_DIGEST[:12]} -> {train[:12]}"
    expected = [
        '~ RoleArn  ...223333:role/other" -> ...223333:role/image-classification-execution"',
        '~ Version  "2019-01-01" -> "2020-12-01"',
        "+ parameter ImageSize  Integer, default 32",
        "~ parameter AccuracyThreshold",
        "    ~ DefaultValue  0.8 -> 0.9",
        "- parameter Old  String, without a default",
        "~ step FindApprovedModel",
        f"    ~ code find_approved_model  {OLD_ALIAS} -> {find}, files unknown: the deployed "
        "bundle has no manifest",
        "~ step Preprocess",
        "    ~ Arguments.ProcessingResources.ClusterConfig.VolumeSizeInGB  30 -> 50",
        "~ step Train",
        code,
        "        - steps/train/old.py",
        "        ~ steps/train/script.py",
        "+ schedule image-classification.monitoring  cron(0 * * * ? *)",
        "+ schedule image-classification.retraining  cron(0 3 ? * SUN *)",
        "- schedule image-classification.old  rate(1 day)",
        "+ 1 object in S3  0.0 kB",
        "Step cache, for the same parameters:",
        "    Preprocess  off      its cache is off",
        "    Train       miss     its code changed, step Preprocess runs again",
    ]
    remaining = iter(shown)
    for line in expected:  # In this order, with others between.
        assert line in remaining, f"{line!r} is not in {shown}"
    document = json.loads(json.dumps(found.to_document(), allow_nan=False))
    [change] = [item for item in document["Steps"] if item["Name"] == "Train"]
    assert change["Code"] == [
        {
            "Name": "train",
            "OldDigest": OLD_DIGEST,
            "NewDigest": train,
            "Files": [
                {"Verb": "removed", "Path": "steps/train/old.py"},
                {"Verb": "changed", "Path": script},
            ],
        }
    ]
    assert document["Settings"][0] == {
        "Path": "RoleArn",
        "Old": "arn:aws:iam::111122223333:role/other",
        "New": retraining.role_arn,
    }
    assert document["StepCache"][0] == {
        "Step": "Preprocess",
        "Outcome": "off",
        "Reasons": ["its cache is off"],
    }


@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param(
            {"description": "?"},
            '~ PipelineDescription  "?" -> "Train on new data with known hyperparameters, '
            "evaluate and ...",
            id="description",
        ),
        pytest.param(
            {"max_parallel_steps": None},
            "~ MaxParallelExecutionSteps  null -> 10",
            id="parallelism",
        ),
        pytest.param(
            {"rules": {}},
            "+ rule image-classification.drift  Calls start_retraining when the step "
            "DriftDetected fails.",
            id="rule",
        ),
    ],
)
def test_each_setting_of_the_pipeline_counts(
    retraining: Release, deployed: Deployed, change: dict[str, Any], line: str
) -> None:
    """What somebody set by hand is seen."""
    assert line in str(plan(retraining, replace(deployed, **change))).splitlines()


def test_tags_of_others_are_left_alone(retraining: Release, deployed: Deployed) -> None:
    """Only declared tags are compared."""
    wanted = replace(retraining, tags={"team": "vision", "stage": "dev"})
    before = replace(deployed, tags={"team": "audio", "aws:cloudformation:stack-id": "x"})
    found = plan(wanted, before)
    assert str(found).splitlines()[1:3] == [
        '~ tag team  "audio" -> "vision"',
        '+ tag stage  "dev"',
    ]
    assert not found.changes_pipeline


def test_a_function_that_is_not_there_is_published(retraining: Release, deployed: Deployed) -> None:
    """Only the aliases of this release count."""
    [drift] = retraining.triggers.functions
    others = replace(deployed, functions=deployed.functions - {drift.arn})
    found = plan(retraining, others)
    assert found.functions == (drift,)
    assert f"+ function {drift.name}  {drift.alias}" in str(found).splitlines()
    assert found.to_document()["Functions"] == [drift.arn]


def changed_rule(found: PresentRule, *, rule: Mapping[str, Any], target: Any) -> PresentRule:
    """A rule with other members, and whose target has others."""
    targets = {name: {**item, **target} for name, item in found.targets.items()}
    return PresentRule(rule={**found.rule, **rule}, targets=targets)


def test_a_rule_is_compared_with_what_it_says(retraining: Release, deployed: Deployed) -> None:
    """The text of its JSON may be another one; its pattern, its state and its target may not."""
    rule = drift_rule(deployed)
    pattern = json.loads(rule.rule["EventPattern"])
    spaced = {"EventPattern": json.dumps(pattern, indent=4)}
    name = "image-classification.drift"
    same = replace(deployed, rules={name: changed_rule(rule, rule=spaced, target={})})
    assert not plan(retraining, same).has_changes

    pattern["detail"]["stepName"] = ["Other"]
    other = {"EventPattern": json.dumps(pattern), "State": "DISABLED"}
    arn = rule.targets["start_retraining"]["Arn"]
    old_arn = f"{arn[:-12]}{OLD_ALIAS}"
    different = changed_rule(rule, rule=other, target={"Arn": old_arn, "RoleArn": "x"})
    [change] = plan(retraining, replace(deployed, rules={name: different})).triggers
    assert [(item.path, item.new) for item in change.differences] == [
        ("EventPattern.detail.stepName[0]", "DriftDetected"),
        ("State", "ENABLED"),
        ("Targets.start_retraining.RoleArn", change.differences[2].new),
    ]
    assert [(code.name, code.old_digest) for code in change.code] == [
        ("start_retraining", OLD_ALIAS)
    ]


def test_a_schedule_is_compared_with_what_it_says(retraining: Release, deployed: Deployed) -> None:
    """A schedule that somebody changed differs in its member; text that is no JSON is text."""
    name = "image-classification.retraining"
    changed = copy.deepcopy(dict(deployed.schedules[name]))
    changed["State"] = "DISABLED"
    changed["Target"]["Input"] = "{"
    [change] = plan(
        retraining, replace(deployed, schedules={**deployed.schedules, name: changed})
    ).triggers
    assert [item.path for item in change.differences] == ["State", "Target.Input"]
    assert change.differences[1].old == "{"


@pytest.mark.parametrize(
    ("num_changes", "end"),
    [(2, " changed, step Preprocess runs again"), (4, " changed and 2 more")],
)
def test_a_long_list_of_reasons_is_cut(
    retraining: Release, deployed: Deployed, num_changes: int, end: str
) -> None:
    """Three reasons are told, and the number of the others where there are any."""
    assert deployed.definition is not None
    definition = copy.deepcopy(dict(deployed.definition))
    [step] = [step for step in definition["Steps"] if step["Name"] == "Train"]
    hyperparameters = step["Arguments"]["HyperParameters"]
    for name in list(hyperparameters)[:num_changes]:
        del hyperparameters[name]
    [line] = [
        line
        for line in str(plan(retraining, replace(deployed, definition=definition))).splitlines()
        if line.startswith("    Train ")
    ]
    assert line.endswith(end)


def test_jupyter_shows_the_same_lines(retraining: Release, deployed: Deployed) -> None:
    """HTML of the same text, escaped, with a colour for each kind of change."""
    found = plan(replace(retraining, description="<b>"), deployed)
    assert found._repr_html_().startswith(
        f"{PRE}image-classification-retraining<br>"
        '<span style="color:#b7791f">~ PipelineDescription  &quot;Train on'
    )
    assert "&quot;&lt;b&gt;&quot;</span>" in found._repr_html_()


def test_colours_mark_what_happens(retraining: Release, deployed: Deployed) -> None:
    """On a terminal the marks alone are coloured."""
    found = plan(replace(retraining, description="new"), deployed)
    assert "\x1b[33m~\x1b[0m PipelineDescription" in found.render(has_colour=True)
    assert "\x1b" not in found.render(has_colour=False)
