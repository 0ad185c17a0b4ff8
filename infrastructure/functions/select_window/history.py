"""The windows that a check looked at before, and what they leave to be looked at.

A record is judged once. A window with too few records was not judged, and neither was one of an
execution whose other check has left nothing: that one failed, and nobody was told.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Self

from infrastructure.functions.objects import bucket_and_key, objects
from infrastructure.functions.select_window.window import Window
from monitoring.status import Status
from monitoring.window_record import RecordName, parse_record


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """The records of a check's windows, by their names."""

    uri: str
    names: dict[str, RecordName]
    """In the order of the windows' ends."""

    @classmethod
    def of(cls, uri: str, s3: Any) -> Self:
        """The records below an S3 prefix; what is named otherwise is none."""
        found = ((name, RecordName.parse(name)) for name, _ in objects(uri, s3))
        return cls(uri=uri, names={name: parsed for name, parsed in found if parsed is not None})

    @property
    def execution_ids(self) -> Set[str]:
        """Executions whose check came to its end."""
        return {name.execution_id for name in self.names.values()}

    def latest(self, number: int) -> list[str]:
        """Names of the records of the latest windows."""
        return list(self.names)[-number:]

    def unjudged(
        self, window: Window, capture_uri: str, execution_ids: Set[str], s3: Any
    ) -> Window:
        """The part of a window after what was judged; empty where its end was judged already.

        Args:
            window: The window, at its longest.
            capture_uri: Where its records lie: those of other deployments are other records.
            execution_ids: Executions of which every check came to its end.
            s3: An S3 client.
        """
        for text, name in reversed(self.names.items()):
            if (
                # Windows that lie wholly before or after leave this one as it is.
                name.end > window.start
                and name.start < window.end
                and name.execution_id in execution_ids
                and self._has_judged(text, capture_uri, s3)
            ):
                return Window(start=min(name.end, window.end), end=window.end)
        return window

    def _has_judged(self, name: str, capture_uri: str, s3: Any) -> bool:
        body = s3.get_object(**bucket_and_key(f"{self.uri}/{name}"))["Body"]
        try:
            record = parse_record(body.read())
        except ValueError:
            return False  # Better judged twice than never.
        return record["capture_uri"] == capture_uri and Status(record["status"]).is_conclusive
