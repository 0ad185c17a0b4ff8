"""What the process of an endpoint and those that deploy to it tell each other, as files.

An endpoint's folder is `<root>/endpoints/<name>/`. Who deploys writes `wanted.json` and sends
SIGHUP; the process loads what is wanted, goes over to it if it works, and writes `state.json`. It
holds a lock on `lock` as long as it lives, so a state without a lock is that of one that died.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from pipelines.definition import Json
from pipelines.local.files import write_json
from pipelines.local.locks import is_locked

WANTED_FILE = "wanted.json"
STATE_FILE = "state.json"
LOCK_FILE = "lock"
LOG_FILE = "log.txt"


class EndpointStatus(StrEnum):
    """Status of an endpoint, in the words of DescribeEndpoint."""

    CREATING = "Creating"
    UPDATING = "Updating"
    IN_SERVICE = "InService"
    FAILED = "Failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A production variant and all that it takes to serve it."""

    name: str
    weight: float
    """Share of the requests, relative to the other variants' weights."""
    model_name: str
    model_package_arn: str
    """Empty where the model was not made from a package."""
    archive: str
    """Path of the `model.tar.gz`."""
    environment: Mapping[str, str]
    """Variables of the container, those of the model."""
    samples_dir: str
    """Folder of the package's samples, which a new version must answer as expected; or empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What an endpoint is to serve."""

    id: str
    """Names this deployment; no other has it."""
    endpoint: str
    config_name: str
    """Name of the endpoint configuration."""
    variants: tuple[Variant, ...]
    capture: Mapping[str, Json] | None
    """DataCaptureConfig of the endpoint configuration; None for no capture."""

    def write(self, directory: Path) -> None:
        """Write `wanted.json` into the endpoint's folder."""
        write_json(directory / WANTED_FILE, asdict(self))

    @classmethod
    def read(cls, directory: Path) -> "Wanted":
        """Read `wanted.json` of the endpoint's folder."""
        fields = json.loads((directory / WANTED_FILE).read_text(encoding="utf-8"))
        return cls(**{**fields, "variants": tuple(Variant(**item) for item in fields["variants"])})


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What an endpoint serves, and how the last deployment went."""

    wanted_id: str
    """The deployment that this state is an answer to."""
    status: EndpointStatus
    config_name: str
    """Name of the endpoint configuration that answers; empty while none does."""
    variants: tuple[Variant, ...]
    """The variants that answer."""
    failure_reason: str
    """Why the last deployment failed; empty if it did not."""
    port: int
    """Port on 127.0.0.1."""
    pid: int
    created: str
    """Time at which the endpoint was first created, ISO 8601."""
    modified: str
    """Time of the last change, ISO 8601."""

    def write(self, directory: Path) -> None:
        """Write `state.json` into the endpoint's folder."""
        write_json(directory / STATE_FILE, asdict(self))

    @classmethod
    def read(cls, directory: Path) -> "State | None":
        """Read `state.json` of the endpoint's folder; None where there is none."""
        try:
            fields = json.loads((directory / STATE_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        variants = tuple(Variant(**item) for item in fields["variants"])
        status = EndpointStatus(fields["status"])
        return cls(**{**fields, "status": status, "variants": variants})


def is_alive(directory: Path) -> bool:
    """Whether the process of an endpoint lives: it holds the lock."""
    return is_locked(directory / LOCK_FILE)
