"""The commands `packages`, `approve` and `reject`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.account import packages
from pipelines.cli import main
from pipelines.local.locks import locked
from pipelines.local.registry import Registry
from pipelines.local.serving.records import LOCK_FILE, EndpointStatus, State, Variant
from pipelines.reconcile import Change, Verb

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


def test_packages_are_listed_newest_first(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of all groups of this machine."""
    assert main(["packages"]) == 0
    assert capsys.readouterr() == (
        "PACKAGE  STATUS                 REGISTERED (UTC)\n"
        "cats/1   PendingManualApproval  2026-11-21 02:00:00\n"
        "dogs/2   PendingManualApproval  2026-11-21 01:00:00\n"
        "dogs/1   PendingManualApproval  2026-11-21 00:00:00\n",
        "",
    )
    assert main(["packages", "--json"]) == 0
    newest, *_ = json.loads(capsys.readouterr().out)
    assert newest["ModelPackageArn"].endswith(":model-package/cats/1")


def test_no_packages_are_an_empty_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output stays empty."""
    monkeypatch.chdir(tmp_path)
    assert main(["packages"]) == 0
    assert capsys.readouterr() == (
        "",
        "There are no model packages; a training registers them.\n",
    )


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was asked of the account, in which one package is the newest."""
    made: list[tuple[object, ...]] = []
    package = packages.Package(
        arn="arn:model-package/dogs/7",
        group="dogs",
        version=7,
        status="PendingManualApproval",
        created=NOW,
    )
    change = Change(Verb.UPDATED, "schedule", "dogs.retraining")
    monkeypatch.setattr(packages, "list_packages", lambda *_: [package])
    monkeypatch.setattr(packages, "find_package", lambda *_: package)
    monkeypatch.setattr(
        packages,
        "set_approval",
        lambda package, status, _, note: made.append((package.name, status, note)),
    )
    monkeypatch.setattr(packages, "train_as_approved", lambda *_: [change])
    return made


@pytest.mark.parametrize(("word", "status"), [("approve", "Approved"), ("reject", "Rejected")])
def test_a_package_of_the_account_is_decided_on(
    calls: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str], word: str, status: str
) -> None:
    """What schedules do from now on is said as well."""
    assert main([word, "latest", "--account", "--note", "sharp"]) == 0
    assert calls == [("dogs/7", status, "sharp")]
    assert capsys.readouterr() == (
        f"dogs/7 {status}\n",
        "updated schedule dogs.retraining\n",
    )


@pytest.mark.usefixtures("calls")
def test_packages_of_the_account_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """They look as those of this machine."""
    assert main(["packages", "--account"]) == 0
    assert capsys.readouterr().out == (
        "PACKAGE  STATUS                 REGISTERED (UTC)\n"
        "dogs/7   PendingManualApproval  2026-11-21 00:00:00\n"
    )
