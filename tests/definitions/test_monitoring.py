"""What the site's settings and the declarations make of `monitoring`."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from infrastructure.functions.judge_window.handler import DriftError, respond
from pipelines.compile import Compiled, compile_pipeline
from pipelines.definition import Json, Step, load, steps, triggers
from pipelines.local.expressions import Scope
from pipelines.local.store import LocalStore
from steps.drift_message import num_violations
from steps.site import Site

SECURED = Site(
    subnets=("subnet-1",),
    security_group_ids=("sg-1",),
    volume_kms_key="key-volume",
    output_kms_key="key-output",
)
CHECKS = ("CheckDrift", "CheckModelQuality")


def found(definition: str) -> dict[str, Step]:
    """The steps by their names."""
    return {step.name: step for step in steps(load(definition))}


def arguments(site: Site) -> dict[str, Json]:
    """The arguments of each step, by its name."""
    definition = compile_pipeline("monitoring", site).definition
    return {name: step.body["Arguments"] for name, step in found(definition).items()}


def checked(root: Path, **num_violations: int) -> Scope:
    """What steps can refer to once the checks found so many violations, by their steps."""
    store = LocalStore(root)
    for step, number in num_violations.items():
        result = {"num_violations": number, "status": "Completed", "worst": f"worst of {step}"}
        store.put_bytes(f"s3://bucket/{step}/check.json", json.dumps(result).encode())
    outputs = {
        step: {
            "OutputName": "violations",
            "S3Output": {"S3Uri": f"s3://bucket/{step}"},
        }
        for step in num_violations
    }
    return Scope(
        parameters={"EndpointName": "dogs"},
        execution={},
        store=store,
        properties={
            step: {"ProcessingOutputConfig": {"Outputs": [output]}}
            for step, output in outputs.items()
        },
        property_files={step: {"Check": ("violations", "check.json")} for step in outputs},
    )


def test_security_settings_reach_every_job_and_object() -> None:
    """Network, isolation and keys are in the requests of the jobs, and the key in the manifests."""
    requests = arguments(SECURED)
    for name in CHECKS:
        network = requests[name]["NetworkConfig"]
        assert network["EnableNetworkIsolation"] is True
        assert network["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
        cluster = requests[name]["ProcessingResources"]["ClusterConfig"]
        assert cluster["VolumeKmsKeyId"] == "key-volume"
        assert requests[name]["ProcessingOutputConfig"]["KmsKeyId"] == "key-output"
    assert requests["SelectWindow"]["KmsKeyId"] == "key-output"
    assert "KmsKeyId" not in arguments(Site())["SelectWindow"]


def test_the_site_says_how_long_labels_take() -> None:
    """The schedule passes nothing, so that it is the default which holds for it too."""
    definition = load(compile_pipeline("monitoring", Site(label_delay_hours=30)).definition)
    defaults = {item["Name"]: item["DefaultValue"] for item in definition["Parameters"]}
    assert defaults["LabelDelayHours"] == 30


def test_nothing_runs_for_a_window_without_records(compiled: Mapping[str, Compiled]) -> None:
    """Every step but the selection stands in the branch of the windows that have some."""
    branches = {
        name: step.branch for name, step in found(compiled["monitoring"].definition).items()
    }
    assert {name for name, branch in branches.items() if branch is None} == {
        "SelectWindow",
        "HasRecords",
    }
    assert {branch for branch in branches.values() if branch is not None} == {("HasRecords", True)}


def test_drift_is_told_whatever_becomes_of_the_metrics(compiled: Mapping[str, Compiled]) -> None:
    """The verdict waits for the end of the publication, and its failure leads to the Fail step."""
    by_name = found(compiled["monitoring"].definition)
    assert triggers(by_name["JudgeWindow"])["PublishMetrics"] == "Any"
    assert triggers(by_name["DriftDetected"])["JudgeWindow"] == "Failed"
    for name in CHECKS:
        assert triggers(by_name["PublishMetrics"])[name] == "Completed"
        assert triggers(by_name["JudgeWindow"])[name] == "Completed"


@pytest.mark.parametrize(
    ("data", "quality", "expected"),
    [
        pytest.param(2, 0, 2, id="drift"),
        pytest.param(1, 2, 3, id="both"),
        pytest.param(0, 0, 0, id="a verdict that failed by itself"),
    ],
)
def test_the_fail_step_says_how_many_violations_there_are(
    compiled: Mapping[str, Compiled], tmp_path: Path, data: int, quality: int, expected: int
) -> None:
    """Its message, rendered, tells start_retraining what the checks found."""
    scope = checked(tmp_path, CheckDrift=data, CheckModelQuality=quality)
    step = found(compiled["monitoring"].definition)["DriftDetected"]
    message = scope.resolve(step.body["Arguments"])["ErrorMessage"]
    assert num_violations(message) == expected
    assert message == (
        f"Violations: data {data}, model quality {quality}. The worst at endpoint 'dogs': data: "
        "worst of CheckDrift; model quality: worst of CheckModelQuality. Open report.html of the "
        "checks to see them."
    )


def test_the_verdict_reads_what_the_checks_found(
    compiled: Mapping[str, Compiled], tmp_path: Path
) -> None:
    """Violations fail the function, and nothing else in its event can."""
    step = found(compiled["monitoring"].definition)["JudgeWindow"]
    none = checked(tmp_path / "none", CheckDrift=0, CheckModelQuality=0)
    some = checked(tmp_path / "some", CheckDrift=0, CheckModelQuality=1)
    assert respond(none.resolve(step.body["Arguments"])) == {
        "Message": "no violations: data Completed, model quality Completed"
    }
    with pytest.raises(DriftError, match=r"^model quality: worst of CheckModelQuality$"):
        respond(some.resolve(step.body["Arguments"]))


def test_captured_files_are_listed_and_never_a_whole_prefix(
    compiled: Mapping[str, Compiled],
) -> None:
    """What grows without end comes by manifest; the code and the baseline as they are."""
    by_name = found(compiled["monitoring"].definition)
    kinds = {
        name: {
            item["InputName"]: item["S3Input"]["S3DataType"]
            for item in by_name[name].body["Arguments"]["ProcessingInputs"]
        }
        for name in CHECKS
    }
    prefixes = {"baseline": "S3Prefix", "code": "S3Prefix"}
    manifests = {"captured": "ManifestFile", "history": "ManifestFile"}
    assert kinds["CheckDrift"] == prefixes | manifests
    assert kinds["CheckModelQuality"] == prefixes | manifests | {"labels": "ManifestFile"}


def test_a_manifest_can_always_list_something(compiled: Mapping[str, Compiled]) -> None:
    """The object that stands in an empty manifest is there before an execution starts."""
    by_name = found(compiled["monitoring"].definition)
    placeholder = by_name["SelectWindow"].body["Arguments"]["PlaceholderUri"]
    assert placeholder in compiled["monitoring"].objects
