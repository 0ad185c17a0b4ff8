"""What there is in an account of a pipeline: plain values, read by whoever has the clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.definition import Json
from pipelines.reconcile import PresentRule


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """What there is of one pipeline and of the project's triggers."""

    definition: Mapping[str, Json] | None = None
    """The parsed definition; None: there is no such pipeline."""
    description: str = ""
    role_arn: str = ""
    max_parallel_steps: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    missing_objects: frozenset[str] = frozenset()
    """URIs of the release's objects that are not there."""
    functions: frozenset[str] = frozenset()
    """ARNs of the release's functions that are published, with their aliases."""
    manifests: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    """SHA-256 by path of the files of a bundle, by the name and digest of the bundle: of those that
    the deployed definition or a rule names, where they could be read."""
    schedules: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """The project's schedules by name, as GetSchedule answers."""
    rules: Mapping[str, PresentRule] = field(default_factory=dict)
    """The project's rules by name."""
