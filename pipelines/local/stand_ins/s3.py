"""Stands in for the S3 client: objects of the local store."""

from io import BytesIO
from typing import Any

from pipelines.local.errors import StorageError
from pipelines.local.stand_ins.errors import client_error
from pipelines.local.store import LocalStore, content_digest

MAX_KEYS = 1000
"""Objects in one answer.

Source: Amazon S3 API Reference, ListObjectsV2,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""


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

    def list_objects_v2(
        self,
        *,
        Bucket: str,  # noqa: N803
        Prefix: str = "",  # noqa: N803
        Delimiter: str = "",  # noqa: N803
        StartAfter: str = "",  # noqa: N803
        ContinuationToken: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        """Keys in their order, after a key; what shares the part up to a delimiter counts once."""
        bucket = self._store.path(f"s3://{Bucket}/")
        sizes: dict[str, int] = {}
        folders: set[str] = set()
        for _, path in self._store.objects(f"s3://{Bucket}/{Prefix}"):
            key = path.relative_to(bucket).as_posix()
            inner, found, _rest = key.removeprefix(Prefix).partition(Delimiter or "\0")
            if found:
                folders.add(f"{Prefix}{inner}{found}")
            else:
                sizes[key] = path.stat().st_size
        start = ContinuationToken or StartAfter
        names = sorted(name for name in {*sizes, *folders} if name > start)
        page = names[:MAX_KEYS]
        answer: dict[str, Any] = {"KeyCount": len(page), "IsTruncated": len(names) > len(page)}
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = page[-1]
        lists = {
            "Contents": [{"Key": name, "Size": sizes[name]} for name in page if name in sizes],
            "CommonPrefixes": [{"Prefix": name} for name in page if name in folders],
        }
        # As in the service's answer, a list without members is left out.
        return {**answer, **{member: items for member, items in lists.items() if items}}

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
