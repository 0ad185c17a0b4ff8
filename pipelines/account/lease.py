r"""One writer at a time: a lease in S3, which whoever publishes holds, and which ends by itself.

    no object  --put if none-->  held  --put if unchanged-->  held longer  --delete-->  no object
                                  \--its time is over: anyone may put if unchanged--/

UpdatePipeline takes no token that would refuse a second writer; S3's conditional writes do. Time is
what S3's clock says, both when the lease was written and now, so that no two machines' clocks are
compared.
"""

import getpass
import json
import logging
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pipelines.account.errors import AccountError, LeaseError, code, explained
from pipelines.account.objects import ABSENT, CONDITION_FAILED, Bucket
from steps.site import Site

LIFETIME_SECONDS = 600
"""How long others wait for a writer that has died; one that is alive renews its lease.

It is longer than any one call of a client of `pipelines.account.clients` with all its attempts: the
call before which a lease was renewed is over before the lease is.
"""
_MAX_ATTEMPTS = 3
"""Of taking a lease that others take and give back at the same time."""
_CHANGED = CONDITION_FAILED | ABSENT

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A lease that is in S3."""

    etag: str
    owner: str
    token: str
    number: int
    ends: datetime
    is_over: bool


class Lease:
    """A lease that is held."""

    def __init__(self, s3: Any, place: Mapping[str, str], owner: str) -> None:
        self._s3 = s3
        self._place = place
        self._owner = owner
        # Tells our own lease, when the answer to taking it was lost on the way.
        self._token = secrets.token_hex(16)
        self._etag = ""
        # No two writes have the same content, and so the same ETag: whoever saw that a lease was
        # over does not take it when it has been renewed since.
        self._number = 0

    def take(self) -> None:
        """Take it where nobody holds it.

        Raises:
            LeaseError: Another writer holds it.
        """
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"}
        for _ in range(_MAX_ATTEMPTS):
            try:
                self._put(condition)
            except ClientError as error:
                if code(error) not in _CHANGED:
                    raise
            else:
                return
            found = self._read()
            if found is None:
                condition = {"IfNoneMatch": "*"}
            elif found.token == self._token:
                self._etag = found.etag
                return
            elif found.is_over:
                condition = {"IfMatch": found.etag}
            else:
                raise LeaseError(
                    f"'{found.owner}' is publishing, until {found.ends:%H:%M:%S} UTC at the "
                    "latest; run the command again when that is over."
                )
        raise LeaseError("Others publish at the same time; run the command again.")

    def renew(self) -> None:
        """Hold it for its whole time again.

        S3 may refuse a write that met another writer's, although that one was refused, too: it is
        tried again, as an old lease would end too early.

        Raises:
            LeaseError: Another writer took it over, as its time was over.
        """
        from botocore.exceptions import ClientError

        for _ in range(_MAX_ATTEMPTS):
            try:
                self._put({"IfMatch": self._etag})
            except ClientError as error:
                if code(error) not in _CHANGED:
                    raise
                found = self._read()
                if found is None or found.token != self._token:
                    raise LeaseError(
                        f"Nothing was done for {LIFETIME_SECONDS} s, and another writer took over; "
                        "run the command again when that one is done."
                    ) from error
                self._etag = found.etag
                if found.number == self._number:
                    return  # It was written, and the answer was lost.
            else:
                return
        raise LeaseError("Others publish at the same time; run the command again.")

    def release(self) -> None:
        """Give it back; one that another writer took over is left alone."""
        from botocore.exceptions import ClientError

        try:
            with explained():
                try:
                    self._s3.delete_object(**self._place, IfMatch=self._etag)
                except ClientError as error:
                    if code(error) not in _CHANGED:
                        raise
        except AccountError as error:
            # What was published is published; the next writer waits at most for its end.
            _log.warning("The lease is not given back; it ends by itself. %s", error)

    def _put(self, condition: dict[str, str]) -> None:
        self._number += 1
        lease = {
            "Number": self._number,
            "Owner": self._owner,
            "Seconds": LIFETIME_SECONDS,
            "Token": self._token,
        }
        body = json.dumps(lease, sort_keys=True).encode()
        answer = self._s3.put_object(**self._place, Body=body, **condition)
        self._etag = answer["ETag"]

    def _read(self) -> _Found | None:
        from botocore.exceptions import ClientError

        try:
            answer = self._s3.get_object(**self._place)
        except ClientError as error:
            if code(error) in ABSENT:
                return None
            raise
        lease = json.loads(answer["Body"].read())
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        ends = answer["LastModified"] + timedelta(seconds=lease["Seconds"])
        return _Found(
            etag=answer["ETag"],
            owner=lease["Owner"],
            token=lease["Token"],
            number=lease["Number"],
            ends=ends,
            is_over=ends <= now,
        )


def this_writer() -> str:
    """Whom other writers are told about while this process is at work: `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


@contextmanager
def publishing(site: Site, s3: Any, owner: str) -> Iterator[Lease]:
    """Hold the lease of a project: its pipelines share functions, schedules and rules.

    Args:
        site: Whose pipelines are published.
        s3: An S3 client.
        owner: Whom others are told about, for example `anna@laptop`.

    Raises:
        LeaseError: Another writer holds it.
    """
    lease = Lease(s3, Bucket(site, s3).place(site.uri("leases", "publishing.json")), owner)
    lease.take()
    try:
        yield lease
    finally:
        lease.release()
