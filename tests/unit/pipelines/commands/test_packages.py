"""The commands `approve` and `reject`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.local.locks import locked
from pipelines.local.registry import Registry
from pipelines.local.serving.records import LOCK_FILE, EndpointStatus, State, Variant

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ARN = "arn:aws:sagemaker:local-machine:000000000000:model-package/dogs/1"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default root, with packages `dogs/1`, `dogs/2` and, the newest, `cats/1`."""
    monkeypatch.chdir(tmp_path)
    registry = Registry(tmp_path / ".local")
    for number, group in enumerate(("dogs", "dogs", "cats")):
        registry.register({"ModelPackageGroupName": group}, now=NOW + timedelta(hours=number))
    return tmp_path / ".local"


@pytest.mark.parametrize(
    ("package", "name"),
    [
        pytest.param("dogs/2", "dogs/2", id="name"),
        pytest.param(ARN, "dogs/1", id="arn"),
        pytest.param("latest", "cats/1", id="latest"),
    ],
)
def test_approve_says_what_to_do_next(
    root: Path, capsys: pytest.CaptureFixture[str], package: str, name: str
) -> None:
    """The new status is data; the command that deploys the package is talk."""
    assert main(["approve", package, "--note", "sharp"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{name} Approved\n"
    assert captured.err == f"Deploy it with 'pipelines run deployment -p ModelPackageArn={name}'.\n"
    record = json.loads((root / "model-packages" / f"{name}.json").read_bytes())
    assert record["ModelApprovalStatus"] == "Approved"
    assert record["ApprovalDescription"] == "sharp"
    assert datetime.fromisoformat(record["LastModifiedTime"]) > NOW


def test_the_next_command_names_another_root(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed can be typed as it is, also for a root that is not the default."""
    assert main(["approve", "dogs/1", "--root", str(root)]) == 0
    assert capsys.readouterr().err == (
        f"Deploy it with 'pipelines run deployment -p ModelPackageArn=dogs/1 --root {root}'.\n"
    )


def test_reject_names_the_endpoints_that_go_on(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rejected package is not taken from an endpoint that answers, which is said."""
    variant = Variant(
        name="AllTraffic",
        weight=1.0,
        model_name="m",
        model_package_arn=ARN,
        archive="",
        environment={},
        samples_dir="",
    )
    for name, variants in (("busy", (variant,)), ("died", (variant,)), ("other", ())):
        (root / "endpoints" / name).mkdir(parents=True)
        State(
            wanted_id="1",
            status=EndpointStatus.IN_SERVICE,
            config_name="c",
            variants=variants,
            failure_reason="",
            port=1,
            pid=1,
            created="",
            modified="",
        ).write(root / "endpoints" / name)
    with locked(root / "endpoints" / "busy" / LOCK_FILE):
        assert main(["reject", "dogs/1"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "dogs/1 Rejected\n"
    assert captured.err == "Endpoint 'busy' goes on to serve it.\n"
    found = Registry(root).find("dogs/1")
    assert found is not None
    assert found["ModelApprovalStatus"] == "Rejected"


@pytest.mark.parametrize("word", ["approve", "reject"])
@pytest.mark.parametrize(
    ("package", "note", "message"),
    [
        pytest.param(
            "dogs/3",
            "",
            "There is no model package 'dogs/3'. Packages: cats/1, dogs/1, dogs/2.",
            id="unknown",
        ),
        pytest.param(
            "dogs/1",
            "a" * 1025,
            "The note has 1025 characters; a package keeps at most 1024.",
            id="long note",
        ),
    ],
)
def test_a_wrong_decision_changes_nothing(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    word: str,
    package: str,
    note: str,
    message: str,
) -> None:
    """Wrong use says what there is, and no package is touched."""
    assert main([word, package, "--note", note]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"pipelines: {message}\n")
    assert "LastModifiedTime" not in Registry(root).packages("dogs")[0]


@pytest.mark.parametrize("package", ["latest", "dogs/1"])
def test_without_packages_training_is_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], package: str
) -> None:
    """Where nothing is registered yet, the message says how to register something."""
    assert main(["approve", package, "--root", str(tmp_path / "a b")]) == 2
    assert capsys.readouterr().err == (
        f"pipelines: There is no model package under '{tmp_path}/a b'; register one with "
        f"'pipelines run training --images DIR --root '{tmp_path}/a b''.\n"
    )
    assert list(tmp_path.iterdir()) == []
