"""What happens to a thing."""

from enum import StrEnum


class Verb(StrEnum):
    """What an upsert does to a thing."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
