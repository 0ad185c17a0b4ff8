"""Projects made of the snapshots of definitions, and what AWS says that actions take."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipelines.catalogue import CATALOGUE
from pipelines.definition import Json, load
from pipelines.permissions.roles import Permissions, Role, role_permissions
from steps.site import Site

TESTS = Path(__file__).parents[3]

Definitions = Mapping[str, Mapping[str, Json]]
SECURE = Site(
    subnets=("subnet-1",),
    security_group_ids=("sg-1",),
    volume_kms_key="volumes",
    output_kms_key="alias/outputs",
    dead_letter_queue_arn="arn:aws:sqs:us-east-1:111122223333:not-started",
    rollback_alarms=("errors",),
)


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    """The parsed definitions of all pipelines."""

    def text(name: str) -> str:
        text = (TESTS / "definitions" / f"{name}.json").read_text(encoding="utf-8")
        text = re.sub(r"<bundle:\w+>", "0123456789abcdef" * 4, text)
        return re.sub(r"<function:\w+>", "0123456789ab", text)

    return {name: load(text(name)) for name in CATALOGUE}


@pytest.fixture(scope="session")
def roles(definitions: Definitions) -> Mapping[Role, Permissions]:
    """What the roles of the whole project need, on the default site with a queue."""
    site = Site(dead_letter_queue_arn="arn:aws:sqs:us-east-1:111122223333:not-started")
    return role_permissions(site, definitions, names=list(definitions), parameters={})


@pytest.fixture(scope="session")
def secure(definitions: Definitions) -> Mapping[Role, Permissions]:
    """What the roles need where jobs have a network and keys, and updates alarms."""
    network = '"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}'
    replacements = {
        '"EnableNetworkIsolation"': f'{network}, "EnableNetworkIsolation"',
        '"VolumeSizeInGB": 50': '"VolumeSizeInGB": 50, "VolumeKmsKeyId": "volumes"',
        '"BlueGreenUpdatePolicy"': '"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": '
        '"errors"}]}, "BlueGreenUpdatePolicy"',
        '"ProcessingOutputConfig": {': '"ProcessingOutputConfig": {"KmsKeyId": "alias/outputs", ',
    }
    changed = {}
    for name, definition in definitions.items():
        text = json.dumps(definition)
        for old, new in replacements.items():
            text = text.replace(old, new)
        changed[name] = json.loads(text)
    return role_permissions(SECURE, changed, names=list(changed), parameters={})


@pytest.fixture(scope="session")
def arn_formats() -> Callable[[str], list[str]]:
    """Patterns of the resources that an action takes, from AWS; none where it takes only `*`."""
    path = TESTS / "data" / "service_authorization.json"
    formats = json.loads(path.read_text(encoding="utf-8"))["actions"]

    return lambda action: [re.sub(r"\$\{\w+\}", "*", text) for text in formats[action]]
