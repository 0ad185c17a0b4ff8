"""Manifests that SelectWindow writes and the checks of a window read, below its `ManifestsUri`.

Standard library only: the declarations and the function import it.
"""

from enum import StrEnum


class Manifest(StrEnum):
    """Lists of objects, by what reads them and for what."""

    DRIFT_CAPTURED = "check_drift/captured.json"
    DRIFT_HISTORY = "check_drift/history.json"
    QUALITY_CAPTURED = "check_model_quality/captured.json"
    QUALITY_HISTORY = "check_model_quality/history.json"
    QUALITY_LABELS = "check_model_quality/labels.json"
