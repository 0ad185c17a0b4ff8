"""Tests of pipelines.instances."""

import pytest

from pipelines.instances import has_own_disks


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [
        ("ml.g5.xlarge", True),
        ("ml.g4dn.12xlarge", True),
        ("ml.p4d.24xlarge", True),
        ("ml.m5d.large", True),
        ("ml.m5.xlarge", False),
        ("ml.c7i.large", False),
        ("ml.p3.2xlarge", False),
    ],
)
def test_disks_of_their_own(instance_type: str, expected: bool) -> None:
    """The types with instance store volumes are known by their names."""
    assert has_own_disks(instance_type) is expected
