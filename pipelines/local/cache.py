"""Decides whether an earlier result of a step may stand in for running it.

Only the documented attributes count, with resolved values, and only within the same step of the
same pipeline.

Source: Amazon SageMaker AI Developer Guide, "Default cache key attributes by pipeline step type",
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-default-keys.html
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.definition import Json, Step
from pipelines.local.files import write_json

CACHEABLE = frozenset({"Processing", "Training", "Tuning", "Lambda"})
"""Step types whose results may be used again."""
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification", "CheckpointConfig", "DebugHookConfig", "DebugRuleConfigurations",
        "Environment", "HyperParameters", "InputDataConfig",
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
}  # fmt: skip
_TUNING_DEFINITION = (
    "AlgorithmSpecification", "HyperParameterRanges", "InputDataConfig", "StaticHyperParameters",
    "TuningObjective",
)  # fmt: skip

_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)
_DAYS = {"years": 365, "months": 30, "weeks": 7, "days": 1}


def key_attributes(step: Step, arguments: Mapping[str, Json]) -> dict[str, Json]:
    """The attributes that decide whether an earlier result of a step may be used.

    The documentation does not list Lambda steps: all arguments count, and the function with the
    version of its code, for what an older one answered is not counted on.

    Args:
        step: The step.
        arguments: Its arguments, as they are written or with resolved values.
    """
    attributes = _ATTRIBUTES.get(step.type, tuple(arguments))
    kept = {name: arguments.get(name) for name in attributes}
    if step.type == "Lambda":
        kept["FunctionArn"] = step.body["FunctionArn"]
    definition = kept.get("TrainingJobDefinition")
    if definition is not None:
        kept["TrainingJobDefinition"] = {name: definition.get(name) for name in _TUNING_DEFINITION}
    return kept


def cache_key(step: Step, arguments: Mapping[str, Json]) -> str:
    """Digest of the attributes that count."""
    text = json.dumps(key_attributes(step, arguments), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def parse_duration(text: str) -> timedelta:
    """An ISO 8601 duration such as `P30D`, `PT1H` or, as the service also takes it, `30d`.

    A year counts 365 days and a month 30.

    Raises:
        ValueError: The text is not a duration.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(
            f"'{text}' is not an ISO 8601 duration; expected for example P30D or PT12H."
        )
    parts = {unit: int(number) for unit, number in match.groupdict(default="0").items()}
    days = sum(parts.pop(unit) * factor for unit, factor in _DAYS.items())
    return timedelta(days=days, **parts)


class StepCache:
    """Results of the steps of one pipeline that succeeded and may be used again."""

    def __init__(self, root: Path, *, pipeline: str) -> None:
        """Use `root`, the folder that also holds the object store."""
        self._directory = root.resolve() / "cache" / pipeline

    def find(
        self, step: str, key: str, *, config: Mapping[str, Json], now: datetime
    ) -> Mapping[str, Json] | None:
        """The entry of a step that succeeded with this key and has not expired.

        Args:
            step: Name of the step.
            key: Result of `cache_key`.
            config: The step's CacheConfig.
            now: The present.
        """
        path = self._directory / step / f"{key}.json"
        if not path.is_file():
            return None
        entry: dict[str, Json] = json.loads(path.read_text(encoding="utf-8"))
        expire_after = config.get("ExpireAfter")
        if expire_after is not None:
            age = now - datetime.fromisoformat(entry["EndTime"])
            if age > parse_duration(expire_after):
                return None
        return entry

    def add(
        self,
        step: str,
        key: str,
        *,
        properties: Mapping[str, Json],
        metadata: Mapping[str, Json],
        summary: str,
        execution_arn: str,
        now: datetime,
    ) -> None:
        """Remember a success."""
        entry = {
            "EndTime": now.isoformat(),
            "Metadata": metadata,
            "Properties": properties,
            "SourcePipelineExecutionArn": execution_arn,
            "Summary": summary,
        }
        write_json(self._directory / step / f"{key}.json", entry)
