"""Tiny models without PyTorch, for the tests of what serves models."""

import io
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.local.registry import Registry
from pipelines.local.store import LocalStore

NOW = datetime(2026, 11, 21, tzinfo=UTC)

ECHO = """
import json, os, time

def model_fn(model_dir):
    return open(os.path.join(model_dir, "name.txt")).read()

def input_fn(body, content_type):
    return bytes(body), content_type

def predict_fn(data, model):
    body, content_type = data
    if body == b"slow":
        time.sleep(0.3)
    if body == b"bad":
        raise ValueError("it is bad")
    return {"body": body.decode(), "content_type": content_type, "model": model,
            "batch": os.environ.get("SAGEMAKER_BATCH", "")}

def output_fn(prediction, accept):
    return json.dumps(prediction, sort_keys=True), accept
"""
"""Answers with what it was asked, and the name of the model."""


def archive(code: str = ECHO, *, name: str = "first") -> bytes:
    """A `model.tar.gz` with `code/inference.py` and a file with a name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for path, text in {"code/inference.py": code, "name.txt": name}.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            file.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def register(
    store: LocalStore,
    registry: Registry,
    content: bytes,
    *,
    status: str = "Approved",
    metadata: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Register a model package of the group `dogs` for an archive."""
    version = len(registry.packages("dogs")) + 1
    uri = f"s3://bucket/models/{version}/model.tar.gz"
    store.put_bytes(uri, content)
    return registry.register(
        {
            "ModelPackageGroupName": "dogs",
            "ModelApprovalStatus": status,
            "CustomerMetadataProperties": dict(metadata or {}),
            "InferenceSpecification": {
                "Containers": [{"ModelDataUrl": uri, "Environment": {"LEVEL": "package"}}]
            },
        },
        now=NOW,
    )
