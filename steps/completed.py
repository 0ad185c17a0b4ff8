"""Completes the requests that the SDK makes of its parameters, where it has none for a field."""

from collections.abc import Mapping
from typing import Any


def completed(request: Mapping[str, Any], missing: Mapping[str, Any]) -> dict[str, Any]:
    """A request with more fields, which win over those that it has; objects are merged."""
    merged = dict(request)
    for name, value in missing.items():
        merged[name] = completed(merged.get(name, {}), value) if isinstance(value, dict) else value
    return merged
