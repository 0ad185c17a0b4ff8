"""The window of time that a monitoring job looks at, and the records of earlier ones."""

import argparse
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeAlias, cast

from inference.files import write_text
from monitoring.documents import document_text
from monitoring.window_record import RecordName, WindowRecord, parse_record, utc_time
from steps.runtime import JobParser

logger = logging.getLogger(__name__)

Metric: TypeAlias = Mapping[str, object]
"""Name, value and unit of a metric, as CloudWatch's PutMetricData takes them."""


FILE_SUFFIXES = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Records of one endpoint, from `start` up to, and without, `end`; both have a zone."""

    endpoint_name: str
    execution_id: str
    model_package_arn: str
    """The model that gave all of the answers."""
    capture_uri: str
    """Where the captured records of its deployment lie."""
    schedule_name: str
    """What the metrics call the one who measures."""
    start: datetime
    end: datetime

    @staticmethod
    def add_options(parser: JobParser) -> None:
        """Let a script take the options that `of` reads."""
        names = ("endpoint-name", "execution-id", "model-package-arn", "capture-uri")
        for name in (*names, "schedule-name"):
            parser.add_argument(f"--{name}", required=True)
        for name in ("window-start", "window-end"):
            parser.add_argument(f"--{name}", type=utc_time, required=True)

    @classmethod
    def of(cls, options: argparse.Namespace) -> Self:
        """The window that a script's options name."""
        return cls(
            endpoint_name=options.endpoint_name,
            execution_id=options.execution_id,
            model_package_arn=options.model_package_arn,
            capture_uri=options.capture_uri,
            schedule_name=options.schedule_name,
            start=options.window_start,
            end=options.window_end,
        )

    @property
    def title(self) -> str:
        """Endpoint, model and times for people."""
        package = self.model_package_arn.partition("/")[2]
        return f"Endpoint {self.endpoint_name}, model {package}, {_span(self.start, self.end)}"

    def metrics_text(self, metrics: Iterable[Metric]) -> str:
        """Content of a metrics file: a line of JSON for each, with Model Monitor's dimensions.

        Source: Amazon SageMaker AI Developer Guide, "Container Contract Outputs",
        https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-outputs.html
        """
        dimensions = {"Endpoint": self.endpoint_name, "MonitoringSchedule": self.schedule_name}
        common = {
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Timestamp": _text(self.end),
        }
        return "".join(f"{json.dumps({**metric, **common})}\n" for metric in metrics)

    def record(
        self, *, status: str, num_records: int, num_violations: int, figures: Mapping[str, float]
    ) -> WindowRecord:
        """What is kept of this window."""
        return {
            "capture_uri": self.capture_uri,
            "end": _text(self.end),
            "execution_id": self.execution_id,
            "figures": dict(figures),
            "model_package_arn": self.model_package_arn,
            "num_records": num_records,
            "num_violations": num_violations,
            "start": _text(self.start),
            "status": status,
        }


def captured_files(directory: Path) -> list[Path]:
    """Files of records or labels below a folder, sorted; a placeholder is none."""
    return sorted(path for path in directory.rglob("*") if path.name.endswith(FILE_SUFFIXES))


def write_record(directory: Path, record: WindowRecord) -> None:
    """Write a record under a name that no other execution uses."""
    text = document_text(cast(Mapping[str, object], record))
    write_text(directory / str(RecordName.of(record)), text)


def read_records(directory: Path) -> list[WindowRecord]:
    """Records of earlier windows below a folder, by the window's end; what is none is left out."""
    records: list[WindowRecord] = []
    for path in sorted(directory.rglob("*.json")):
        try:
            records.append(parse_record(path.read_bytes()))
        except ValueError as error:
            logger.warning("%s is no record of a window: %s", path.name, error)
    return sorted(records, key=lambda record: (record["end"], record["execution_id"]))


def windows_table(records: Sequence[WindowRecord]) -> list[tuple[str, str, int, int, str]]:
    """Rows of a table of windows, the latest first: times, model, records, violations, status."""
    return [
        (
            _span(datetime.fromisoformat(record["start"]), datetime.fromisoformat(record["end"])),
            record["model_package_arn"].partition("/")[2],
            record["num_records"],
            record["num_violations"],
            record["status"],
        )
        for record in reversed(records)
    ]


def _text(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _span(start: datetime, end: datetime) -> str:
    return f"{start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC"
