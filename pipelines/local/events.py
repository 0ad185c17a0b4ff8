"""Tells what has happened to pipelines and model packages, from their records.

On SageMaker the service tells EventBridge; here whoever wants to know looks.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.execution import Status
from pipelines.local.history import read_execution
from pipelines.local.registry import ApprovalStatus, Registry


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Event:
    """Something that happened once."""

    time: datetime
    arn: str
    """Of the execution, or of the model package."""

    @property
    def id(self) -> str:
        """Tells it from all others: an execution may be resumed, and fail again."""
        return f"{self.arn} {self.time.isoformat()}"


class Events:
    """What happened under one root since a time."""

    def __init__(self, root: Path, *, since: datetime) -> None:
        """Look at the records under `root`, and leave out what happened before `since`."""
        self._root = root.resolve()
        self._since = since
        self._failures: dict[Path, tuple[tuple[int, int], list[Event]]] = {}

    def step_failures(self, pipeline: str, step: str) -> list[Event]:
        """Ends of the pipeline's executions in which the step had failed, oldest first."""
        found: list[Event] = []
        for path in (self._root / "executions" / pipeline).glob("*/execution.json"):
            status = path.stat()
            # Of two writes within a tick of the file system's clock only the size tells.
            version = status.st_mtime_ns, status.st_size
            known = self._failures.get(path)
            # There are thousands of records in time, and few of them change.
            if known is None or known[0] != version:
                known = self._failures[path] = version, self._read(path, step)
            found += known[1]
        return sorted(found)

    def approvals(self, group: str) -> list[Event]:
        """Decisions by which packages of a group are approved now, oldest first."""
        found = [
            Event(time=time, arn=package["ModelPackageArn"])
            for package in Registry(self._root).packages(group)
            if package["ModelApprovalStatus"] == ApprovalStatus.APPROVED
            for time in [
                datetime.fromisoformat(package.get("LastModifiedTime", package["CreationTime"]))
            ]
            if time >= self._since
        ]
        return sorted(found)

    def _read(self, path: Path, step: str) -> list[Event]:
        execution = read_execution(path).execution
        ended = execution.ended
        failed = {item.name for item in execution.steps if item.status is Status.FAILED}
        if ended is None or ended < self._since or step not in failed:
            return []
        return [Event(time=ended, arn=execution.arn)]
