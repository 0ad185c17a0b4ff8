"""Stands in for the S3 client: objects of the local store."""

from io import BytesIO
from typing import Any

from pipelines.local.errors import StorageError
from pipelines.local.stand_ins.errors import client_error
from pipelines.local.store import LocalStore, content_digest


class S3StandIn:
    """Operations of the S3 client that functions may use."""

    def __init__(self, store: LocalStore) -> None:
        """Answer from `store`."""
        self._store = store

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """Content of an object; its Body can be read."""
        try:
            data = self._store.read_bytes(f"s3://{Bucket}/{Key}")
        except StorageError as error:
            raise client_error(
                "GetObject", "NoSuchKey", "The specified key does not exist.", status=404
            ) from error
        return {
            "Body": BytesIO(data),
            "ContentLength": len(data),
            "ETag": f'"{content_digest(data)}"',
        }

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        IfMatch: str | None = None,  # noqa: N803
        IfNoneMatch: str | None = None,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """Write an object, perhaps only if it is still what it was; encryption is left out."""
        uri = f"s3://{Bucket}/{Key}"
        if IfMatch is None and IfNoneMatch is None:
            self._store.put_bytes(uri, Body)
        else:
            known = IfMatch.strip('"') if IfMatch is not None else None
            if not self._store.put_bytes_if(uri, Body, digest=known):
                raise client_error(
                    "PutObject",
                    "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold",
                    status=412,
                )
        return {"ETag": f'"{content_digest(Body)}"'}
