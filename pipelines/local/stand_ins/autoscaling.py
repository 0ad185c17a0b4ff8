"""Stands in for the Application Auto Scaling client: it keeps what it is told, and nothing scales.

One machine has no instances to add; the file `autoscaling-<variant>.json` in the endpoint's folder
shows what the service would have been told.
"""

import json
from pathlib import Path
from typing import Any

from pipelines.local.files import write_json
from pipelines.local.hosting import Hosting
from pipelines.local.stand_ins.errors import client_error


class AutoscalingStandIn:
    """Operations of the Application Auto Scaling client that functions may use."""

    def __init__(self, hosting: Hosting) -> None:
        """Keep targets and policies in the folders of the endpoints of `hosting`."""
        self._hosting = hosting

    def register_scalable_target(self, **request: Any) -> dict[str, Any]:
        """Remember the bounds of a variant's instance count."""
        path = self._path("RegisterScalableTarget", request["ResourceId"])
        write_json(path, {**_read(path), "ScalableTarget": request})
        return {}

    def put_scaling_policy(self, **request: Any) -> dict[str, Any]:
        """Remember a policy; its target must be registered."""
        path = self._path("PutScalingPolicy", request["ResourceId"])
        record = _read(path)
        if "ScalableTarget" not in record:
            raise _not_found("PutScalingPolicy", request["ResourceId"])
        write_json(path, {**record, "ScalingPolicy": request})
        return {"PolicyARN": request["PolicyName"], "Alarms": []}

    def describe_scalable_targets(self, **request: Any) -> dict[str, Any]:
        """The registered targets among `ResourceIds`."""
        found = []
        for resource in request["ResourceIds"]:
            record = _read(self._path("DescribeScalableTargets", resource))
            found += [record["ScalableTarget"]] if "ScalableTarget" in record else []
        return {"ScalableTargets": found}

    def deregister_scalable_target(self, **request: Any) -> dict[str, Any]:
        """Forget a target and its policy."""
        path = self._path("DeregisterScalableTarget", request["ResourceId"])
        if "ScalableTarget" not in _read(path):
            raise _not_found("DeregisterScalableTarget", request["ResourceId"])
        path.unlink()
        return {}

    def _path(self, operation: str, resource: str) -> Path:
        """Where the record of `endpoint/<name>/variant/<variant>` is."""
        _, name, _, variant = resource.split("/")
        endpoint = self._hosting.endpoint(name)
        if endpoint is None:
            raise client_error(
                operation, "ValidationException", f"No endpoint for resource ID: {resource}"
            )
        return endpoint.log_path.with_name(f"autoscaling-{variant}.json")


def _read(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return record


def _not_found(operation: str, resource: str) -> Exception:
    return client_error(
        operation,
        "ObjectNotFoundException",
        f"No scalable target found for service namespace: sagemaker, resource ID: {resource}",
    )
