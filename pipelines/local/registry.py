"""Keeps model packages as files: `<root>/model-packages/<group>/<version>.json`.

Each file has the shape of a DescribeModelPackage response.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipelines.definition import Json
from pipelines.local.files import create_text, to_json, write_json
from pipelines.local.jobs.machine import arn


class ApprovalStatus(StrEnum):
    """Whether a model package may be deployed."""

    PENDING = "PendingManualApproval"
    APPROVED = "Approved"
    REJECTED = "Rejected"


class Registry:
    """The model packages of one root folder."""

    def __init__(self, root: Path) -> None:
        """Use `root`, the folder that also holds the object store."""
        self._directory = root.resolve() / "model-packages"

    def register(self, request: Mapping[str, Json], *, now: datetime) -> dict[str, Any]:
        """Add a version to a group: the next number, also when others register at the same time.

        Args:
            request: The request of CreateModelPackage.
            now: Creation time.

        Returns:
            The response of DescribeModelPackage.
        """
        group = str(request["ModelPackageGroupName"]).rpartition("/")[2]
        while True:
            version = max(self._versions(group), default=0) + 1
            package = {
                "ModelApprovalStatus": ApprovalStatus.PENDING,
                **request,
                "ModelPackageGroupName": group,
                "ModelPackageVersion": version,
                "ModelPackageArn": arn(f"model-package/{group}/{version}"),
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "CreationTime": now.isoformat(),
            }
            try:
                create_text(self._path(group, version), to_json(package))
            except FileExistsError:
                continue
            return package

    def set_approval(
        self, name: str, status: ApprovalStatus, *, description: str, now: datetime
    ) -> dict[str, Any]:
        """Approve or reject a package.

        Args:
            name: An ARN or `<group>/<version>`.
            status: The decision.
            description: Why; a decision without a reason leaves none of an earlier one's.
            now: Time of the decision.

        Returns:
            The response of DescribeModelPackage.

        Raises:
            KeyError: There is no such package.
        """
        package = self.find(name)
        if package is None:
            raise KeyError(name)
        package.pop("ApprovalDescription", None)
        package |= {"ModelApprovalStatus": status, "LastModifiedTime": now.isoformat()}
        if description:
            package["ApprovalDescription"] = description
        path = self._path(package["ModelPackageGroupName"], package["ModelPackageVersion"])
        write_json(path, package)
        return package

    def groups(self) -> list[str]:
        """Names of the groups that hold packages, sorted."""
        return sorted(path.parent.name for path in self._directory.glob("*/1.json"))

    def packages(self, group: str) -> list[dict[str, Any]]:
        """All packages of a group, oldest first; none for an unknown group."""
        return [
            json.loads(self._path(group, version).read_text(encoding="utf-8"))
            for version in self._versions(group)
        ]

    def find(self, name: str) -> dict[str, Any] | None:
        """The package with an ARN or with a name `<group>/<version>`; None if there is none."""
        match = re.search(r"(?:^|/)(?P<group>[A-Za-z0-9-]+)/(?P<version>[0-9]+)$", name)
        if match is None:
            return None
        path = self._path(match["group"], int(match["version"]))
        if not path.is_file():
            return None
        package: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return package

    def _versions(self, group: str) -> list[int]:
        return sorted(int(path.stem) for path in (self._directory / group).glob("[0-9]*.json"))

    def _path(self, group: str, version: int) -> Path:
        return self._directory / group / f"{version}.json"
