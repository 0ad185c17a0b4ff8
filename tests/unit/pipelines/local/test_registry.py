"""Tests of pipelines.local.registry."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.session
import pytest

from pipelines.local.registry import ApprovalStatus, Registry

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_package_has_the_shape_of_describe_model_package(tmp_path: Path) -> None:
    """The request comes back with a version, an ARN, statuses and a time."""
    package = Registry(tmp_path).register(
        {"ModelPackageGroupName": "dogs", "CustomerMetadataProperties": {"a": "b"}}, now=NOW
    )

    assert package == {
        "CreationTime": "2026-11-21T00:00:00+00:00",
        "CustomerMetadataProperties": {"a": "b"},
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelPackageArn": "arn:aws:sagemaker:local-machine:000000000000:model-package/dogs/1",
        "ModelPackageGroupName": "dogs",
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "ModelPackageVersion": 1,
    }
    assert (tmp_path / "model-packages" / "dogs" / "1.json").is_file()


def test_versions_are_counted_once_under_concurrency(tmp_path: Path) -> None:
    """Twenty registrations at once give the versions 1 to 20, each whole."""
    registry = Registry(tmp_path)

    with ThreadPoolExecutor(max_workers=8) as pool:
        packages = list(
            pool.map(
                lambda number: Registry(tmp_path).register(
                    {"ModelPackageGroupName": "dogs", "Number": number}, now=NOW
                ),
                range(20),
            )
        )

    assert sorted(package["ModelPackageVersion"] for package in packages) == list(range(1, 21))
    assert sorted(package["Number"] for package in registry.packages("dogs")) == list(range(20))


def test_a_version_that_somebody_else_took_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who counts the versions too early counts them again."""
    Registry(tmp_path).register({"ModelPackageGroupName": "dogs", "Number": 1}, now=NOW)
    late = Registry(tmp_path)
    counts = iter([[], [1]])
    monkeypatch.setattr(late, "_versions", lambda _: next(counts))

    package = late.register({"ModelPackageGroupName": "dogs", "Number": 2}, now=NOW)

    assert package["ModelPackageVersion"] == 2
    assert [item["Number"] for item in Registry(tmp_path).packages("dogs")] == [1, 2]


@pytest.mark.parametrize(
    ("name", "is_found"),
    [
        pytest.param("dogs/1", True, id="name"),
        pytest.param("arn:aws:sagemaker:r:1:model-package/dogs/1", True, id="arn"),
        pytest.param("dogs/2", False, id="other-version"),
        pytest.param("cats/1", False, id="other-group"),
        pytest.param("dogs", False, id="no-version"),
    ],
)
def test_packages_are_found_by_arn_or_name(tmp_path: Path, name: str, is_found: bool) -> None:
    """A package answers to its ARN and to `<group>/<version>`."""
    registry = Registry(tmp_path)
    package = registry.register({"ModelPackageGroupName": "dogs"}, now=NOW)

    assert registry.find(name) == (package if is_found else None)


def test_a_decision_is_kept_with_its_reason_and_time(tmp_path: Path) -> None:
    """The last decision counts; the rest of the package stays as it was registered."""
    registry = Registry(tmp_path)
    package = registry.register({"ModelPackageGroupName": "dogs"}, now=NOW)
    later = NOW + timedelta(hours=1)

    rejected = registry.set_approval(
        package["ModelPackageArn"], ApprovalStatus.REJECTED, description="blurred", now=later
    )
    assert rejected == {
        **package,
        "ModelApprovalStatus": "Rejected",
        "ApprovalDescription": "blurred",
        "LastModifiedTime": "2026-11-21T01:00:00+00:00",
    }
    assert registry.find("dogs/1") == rejected

    approved = registry.set_approval("dogs/1", ApprovalStatus.APPROVED, description="", now=later)
    assert approved == {
        **package,
        "ModelApprovalStatus": "Approved",
        "LastModifiedTime": "2026-11-21T01:00:00+00:00",
    }
    assert registry.packages("dogs") == [approved]


def test_nobody_decides_on_a_package_that_is_not_there(tmp_path: Path) -> None:
    """An unknown name is an error and leaves no file."""
    with pytest.raises(KeyError, match="dogs/1"):
        Registry(tmp_path).set_approval("dogs/1", ApprovalStatus.APPROVED, description="", now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_decisions_are_those_of_the_service() -> None:
    """The statuses are those in botocore's model of the service."""
    model = botocore.session.Session().get_service_model("sagemaker")
    assert sorted(ApprovalStatus) == sorted(model.shape_for("ModelApprovalStatus").enum)


def test_groups_are_listed(tmp_path: Path) -> None:
    """A group is there once a package is in it."""
    registry = Registry(tmp_path)
    assert registry.groups() == []
    for group in ("dogs", "cats", "dogs"):
        registry.register({"ModelPackageGroupName": group}, now=NOW)
    assert registry.groups() == ["cats", "dogs"]
