"""Lists the files of captured records and of labels, and counts the records in them.

Both have a folder per hour, `yyyy/mm/dd/hh/`, that of captured records below one per variant.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from infrastructure.functions.objects import bucket_and_key, folders, objects
from infrastructure.functions.select_window.counting import count_records
from infrastructure.functions.select_window.window import Window

MAX_COUNTED_BYTES = 4 * 1024**3
"""Files of this size are counted; of larger windows it is known that they have records, and how
many at least: a function has some minutes, and the jobs count exactly."""

_FILE = re.compile(r"(?P<hour>\d{4}/\d{2}/\d{2}/\d{2})/[^/]+\.jsonl(\.gz)?")
_HOUR_FORM = "%Y/%m/%d/%H"
_SECOND = timedelta(seconds=1)


def captured_files(uri: str, window: Window, s3: Any) -> dict[str, int]:
    """Captured files of a window's hours, of all variants, and their sizes in bytes.

    Args:
        uri: S3 prefix of the endpoint's captured records.
        window: The window.
        s3: An S3 client.
    """
    if window.is_empty:
        return {}
    return {
        f"{variant}/{name}": size
        for variant in folders(uri, s3)
        for name, size in _files(f"{uri}/{variant}", window.start, window.end - _SECOND, s3).items()
    }


def label_files(uri: str, window: Window, now: datetime, s3: Any) -> list[str]:
    """Files of the labels that were collected since a window began, until now.

    Args:
        uri: S3 prefix of the endpoint's labels.
        window: The window.
        now: The time: a file of a later hour is in the wrong place, or of a wrong clock.
        s3: An S3 client.
    """
    return [] if window.is_empty else list(_files(uri, window.start, now, s3))


def count(
    uri: str, files: Mapping[str, int], windows: Collection[Window], s3: Any
) -> tuple[int, bool]:
    """How many records of any of the windows the files hold, and whether that are all.

    Args:
        uri: S3 prefix of the endpoint's captured records.
        files: The files and their sizes, of `captured_files`.
        windows: The windows.
        s3: An S3 client.
    """
    number = num_bytes = 0
    for name, size in files.items():
        num_bytes += size
        if number and num_bytes > MAX_COUNTED_BYTES:
            return number, False
        folder = name.partition("/")[2].rpartition("/")[0]
        hour = datetime.strptime(f"{folder} +0000", f"{_HOUR_FORM} %z")
        body = s3.get_object(**bucket_and_key(f"{uri}/{name}"))["Body"]
        number += count_records(body, name, windows, hour)
    return number, True


def _files(uri: str, first: datetime, last: datetime, s3: Any) -> dict[str, int]:
    """Files of the hours of two times and of those between them, and their sizes."""
    files = {}
    for name, size in objects(uri, s3, after=first.strftime(_HOUR_FORM)):
        match = _FILE.fullmatch(name)
        if match is not None and match["hour"] > last.strftime(_HOUR_FORM):
            break
        if match is not None:
            files[name] = size
    return files
