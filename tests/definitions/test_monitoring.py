"""What the site's settings and the declarations make of `monitoring`."""

from collections.abc import Mapping

from pipelines.compile import Compiled, compile_pipeline
from pipelines.definition import Json, Step, load, steps, triggers
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
