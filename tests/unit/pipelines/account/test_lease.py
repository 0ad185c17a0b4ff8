"""Tests of pipelines.account.lease."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.retries.standard import ExponentialBackoff
from botocore.stub import ANY, Stubber

from pipelines.account.clients import CONNECT_SECONDS, MAX_ATTEMPTS, READ_SECONDS
from pipelines.account.errors import LeaseError
from pipelines.account.lease import LIFETIME_SECONDS, publishing, this_writer
from tests.aws import SITE, Account, Fault
from tests.unit.pipelines.account.leases import LEASE, end_lease
from tests.unit.stubs import stubbed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


OWNER = {"ExpectedBucketOwner": SITE.account}


@pytest.fixture
def s3() -> Iterator[Stubber]:
    """A stubbed client."""
    yield from stubbed("s3")


def is_there(account: Account) -> bool:
    """Whether there is a lease."""
    found = account.clients.s3.list_objects_v2(Bucket=SITE.bucket, Prefix=LEASE["Key"])
    return found["KeyCount"] == 1


def test_a_lease_is_there_while_it_is_held(account: Account) -> None:
    """It names its owner and nothing secret, and is gone afterwards."""
    with publishing(SITE, account.clients.s3, "anna@laptop"):
        content = json.loads(account.clients.s3.get_object(**LEASE)["Body"].read())
        assert content.keys() == {"Number", "Owner", "Seconds", "Token"}
        assert (content["Owner"], content["Seconds"]) == ("anna@laptop", LIFETIME_SECONDS)
    assert not is_there(account)


def test_a_second_writer_is_refused(account: Account) -> None:
    """The message says who is at work, and until when by S3's clock at the latest."""
    with publishing(SITE, account.clients.s3, "anna@laptop"):
        modified = account.clients.s3.head_object(**LEASE)["LastModified"]
        with (
            pytest.raises(LeaseError) as caught,
            publishing(SITE, account.clients.s3, "ben@build"),
        ):
            raise AssertionError
        assert is_there(account)
    ends = modified + timedelta(seconds=LIFETIME_SECONDS)
    assert str(caught.value) == (
        f"'anna@laptop' is publishing, until {ends:%H:%M:%S} UTC at the latest; run the command "
        "again when that is over."
    )


def test_a_lease_that_is_over_is_taken(account: Account) -> None:
    """Who held it notices when it renews, and leaves the new one alone."""
    s3 = account.clients.s3
    with publishing(SITE, s3, "anna@laptop") as lease:
        end_lease(account)
        with publishing(SITE, s3, "ben@build"):
            assert json.loads(s3.get_object(**LEASE)["Body"].read())["Owner"] == "ben@build"
            with pytest.raises(LeaseError) as caught:
                lease.renew()
            lease.release()
            assert is_there(account)
    assert str(caught.value) == (
        "Nothing was done for 600 s, and another writer took over; run the command again when "
        "that one is done."
    )


def test_a_lease_that_was_renewed_meanwhile_is_not_taken(account: Account) -> None:
    """Another writer saw it when it was over, and writes when it is held again."""
    s3 = account.clients.s3
    with publishing(SITE, s3, "anna@laptop") as lease:
        seen = s3.head_object(**LEASE)["ETag"]
        lease.renew()
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(**LEASE, Body=b"{}", IfMatch=seen)


def test_no_call_outlasts_a_lease() -> None:
    """With all its attempts, and the longest waits between them."""
    wait = ExponentialBackoff()._max_backoff + ExponentialBackoff._RETRY_AFTER_MAX_ADDITIONAL
    longest = MAX_ATTEMPTS * (CONNECT_SECONDS + READ_SECONDS) + (MAX_ATTEMPTS - 1) * wait
    assert longest < LIFETIME_SECONDS


def refuse(s3: Stubber, condition: dict[str, str]) -> None:
    """Expect a conditional write, and refuse it."""
    request = {**LEASE, **OWNER, "Body": ANY, **condition}
    s3.add_client_error("put_object", "PreconditionFailed", expected_params=request)


def test_a_lease_that_is_given_back_meanwhile_is_taken(s3: Stubber) -> None:
    """It was there when it was to be taken, and gone when its holder was looked for."""
    refuse(s3, {"IfNoneMatch": "*"})
    s3.add_client_error("get_object", "NoSuchKey", expected_params={**LEASE, **OWNER})
    s3.add_response(
        "put_object", {"ETag": '"e"'}, {**LEASE, **OWNER, "Body": ANY, "IfNoneMatch": "*"}
    )
    s3.add_response("delete_object", {}, {**LEASE, **OWNER, "IfMatch": '"e"'})
    with publishing(SITE, s3.client, "anna@laptop"):
        pass


def test_others_may_be_faster_again_and_again(s3: Stubber) -> None:
    """A lease that is over, but that others take first: after three attempts that is told."""
    lease = json.dumps({"Number": 1, "Owner": "ben", "Seconds": 300, "Token": "t"}).encode()
    conditions = [{"IfNoneMatch": "*"}, {"IfMatch": '"e"'}, {"IfMatch": '"e"'}]
    for condition in conditions:
        refuse(s3, condition)
        answer = {
            "Body": StreamingBody(io.BytesIO(lease), len(lease)),
            "ETag": '"e"',
            "LastModified": datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
            "ResponseMetadata": {"HTTPHeaders": {"date": "Sat, 21 Nov 2026 10:05:00 GMT"}},
        }
        s3.add_response("get_object", answer, {**LEASE, **OWNER})
    with pytest.raises(LeaseError) as caught, publishing(SITE, s3.client, "anna@laptop"):
        raise AssertionError
    assert str(caught.value) == "Others publish at the same time; run the command again."


@pytest.mark.parametrize("fault", [Fault.TIMED_OUT, Fault.THROTTLED, Fault.SERVER_ERROR])
def test_a_lost_answer_is_no_other_writer(account: Account, fault: Fault) -> None:
    """What was taken, renewed or given back without our knowing is ours."""
    account.faults = lambda _, attempts: fault if attempts == 0 else None
    with publishing(SITE, account.clients.s3, "anna@laptop") as lease:
        lease.renew()
    account.faults = None
    assert not is_there(account)


def test_a_lease_that_cannot_be_given_back_ends_by_itself(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """What was done is done: there is a warning, and no error."""
    with caplog.at_level(logging.WARNING), publishing(SITE, account.clients.s3, "anna@laptop"):
        account.faults = lambda *_: Fault.SERVER_ERROR
    assert caplog.messages == [
        "The lease is not given back; it ends by itself. s3:DeleteObject failed in the service "
        "again and again (InternalError, 500); run the command again later."
    ]


def test_a_writer_is_a_user_of_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other writers are told the user and the host."""
    monkeypatch.setattr("getpass.getuser", lambda: "anna")
    monkeypatch.setattr("socket.gethostname", lambda: "laptop")
    assert this_writer() == "anna@laptop"


def test_a_user_without_a_name_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run under numbers that no list of users knows."""

    def fail() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr("getpass.getuser", fail)
    monkeypatch.setattr("socket.gethostname", lambda: "laptop")
    assert this_writer() == "unknown@laptop"


@pytest.fixture
def written(s3: Stubber) -> list[bytes]:
    """What is put, whatever S3 answers."""
    bodies: list[bytes] = []

    def keep(params: dict[str, Any], **_: Any) -> None:
        bodies.append(params["Body"])

    s3.client.meta.events.register("provide-client-params.s3.PutObject", keep)
    return bodies


def tell(s3: Stubber, etag: str, lease: bytes, **changed: Any) -> None:
    """Answer with a lease like one that was put."""
    content = json.dumps({**json.loads(lease), **changed}).encode()
    answer = {
        "Body": StreamingBody(io.BytesIO(content), len(content)),
        "ETag": etag,
        "LastModified": datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
        "ResponseMetadata": {"HTTPHeaders": {"date": "Sat, 21 Nov 2026 10:00:00 GMT"}},
    }
    s3.add_response("get_object", answer)


def test_a_renewal_whose_answer_was_lost_is_known_by_its_token(
    s3: Stubber, written: list[bytes]
) -> None:
    """Where objects have other ETags than that of their content, the object has a new one."""
    s3.add_response("put_object", {"ETag": '"first"'})
    with publishing(SITE, s3.client, "anna@laptop") as lease:
        refuse(s3, {"IfMatch": '"first"'})
        tell(s3, '"second"', written[0], Number=2)
        lease.renew()
        s3.add_response("delete_object", {}, {**LEASE, **OWNER, "IfMatch": '"second"'})


def test_a_renewal_that_met_another_write_is_made_again(s3: Stubber, written: list[bytes]) -> None:
    """S3 refused both: the lease is still the old one, and would end too early."""
    s3.add_response("put_object", {"ETag": '"first"'})
    with publishing(SITE, s3.client, "anna@laptop") as lease:
        s3.add_client_error("put_object", "ConditionalRequestConflict", "", 409)
        tell(s3, '"first"', written[0])
        s3.add_response("put_object", {"ETag": '"second"'})
        lease.renew()
        s3.add_response("delete_object", {}, {**LEASE, **OWNER, "IfMatch": '"second"'})
    assert [json.loads(body)["Number"] for body in written] == [1, 2, 3]


def test_a_renewal_that_meets_others_again_and_again(s3: Stubber, written: list[bytes]) -> None:
    """After three attempts that is told."""
    s3.add_response("put_object", {"ETag": '"first"'})
    with publishing(SITE, s3.client, "anna@laptop") as lease:
        for _ in range(3):
            s3.add_client_error("put_object", "ConditionalRequestConflict", "", 409)
            tell(s3, '"first"', written[0])
        with pytest.raises(LeaseError) as caught:
            lease.renew()
        s3.add_response("delete_object", {}, {**LEASE, **OWNER, "IfMatch": '"first"'})
    assert str(caught.value) == "Others publish at the same time; run the command again."


def test_other_refusals_are_not_taken_for_another_writer(s3: Stubber) -> None:
    """A denied call says nothing about who holds a lease."""
    s3.add_response("put_object", {"ETag": '"e"'})
    with publishing(SITE, s3.client, "anna@laptop") as lease:
        s3.add_client_error("put_object", "AccessDenied")
        with pytest.raises(ClientError, match="AccessDenied"):
            lease.renew()
        s3.add_response("delete_object", {})
    s3.add_client_error("put_object", "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        lease.take()
    s3.add_client_error("put_object", "PreconditionFailed")
    s3.add_client_error("get_object", "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        lease.take()
