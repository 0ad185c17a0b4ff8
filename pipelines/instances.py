"""What the name of an instance type says."""

import re

_OWN_DISKS = re.compile(r"ml\.(?:g4dn|g[5-7]e?|p3dn|p[4-6][a-z0-9-]*|trn\w+|[cmr]\d\w*d)\.\w+")


def has_own_disks(instance_type: str) -> bool:
    """Whether an instance type has disks of its own, so that jobs get no volume beside them.

    Source: Amazon EC2 User Guide, "Instance store volumes",
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-store-volumes.html
    """
    return _OWN_DISKS.fullmatch(instance_type) is not None
