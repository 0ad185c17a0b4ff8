"""Names objects in S3."""


def bucket_and_key(uri: str) -> dict[str, str]:
    """The `Bucket` and `Key` of a request, from the URI of an object.

    Raises:
        ValueError: The text is no such URI.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise ValueError(f"'{uri}' is not the URI of an object; expected s3://<bucket>/<key>.")
    return {"Bucket": bucket, "Key": key}
