"""An AWS account for tests: moto's server, every call noted and checked, and faults on the way.

A conftest imports the fixtures `aws_server` and `account`; tests that use them are marked with
`allow_hosts(["127.0.0.1"])`. Code under test may take `account.clients`, or make its own from the
environment.
"""

import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from pipelines.account.clients import Clients
from pipelines.checks import service
from steps.site import Site

SITE = Site(project="dogs")
SERVICES = ("sagemaker", "s3", "lambda_", "scheduler", "events", "sts", "logs", "iam")
"""The properties of `Clients`."""
_READS = ("Describe", "Get", "Head", "List")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was made."""

    service: str
    """As IAM names it, for example `lambda`."""
    operation: str
    request: Mapping[str, Any]

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.operation.startswith(_READS)

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


class Crash(BaseException):
    """The process ends here: nothing that it would still have called is called."""


class Fault(Enum):
    """What happens to an attempt of a call."""

    THROTTLED = "throttled"
    SERVER_ERROR = "the service fails"
    RESET = "the connection ends before the service has the request"
    TIMED_OUT = "the service does it, and its answer is lost"
    CRASH_BEFORE = "the process ends before the call"
    CRASH_AFTER = "the process ends when the service has done it"


Faults = Callable[[Call, int], Fault | None]
"""Which fault an attempt meets, by the call and the number of attempts of this call before."""


@dataclass
class Account:
    """An account of moto's, and clients for it."""

    url: str
    clients: Clients
    site: Site = SITE
    calls: list[Call] = field(default_factory=list)
    """All calls, each once, however often it was attempted."""
    faults: Faults | None = None
    num_attempts: int = 0
    """Of the last call."""
    is_dead: bool = False
    """Whether the process has crashed."""
    answers: dict[str, AWSResponse] = field(default_factory=dict)
    """Of requests with a token, which moto knows nothing of."""

    @property
    def writes(self) -> list[str]:
        """Calls that may change something."""
        return [str(call) for call in self.calls if not call.is_read]

    def forget(self) -> None:
        """Start anew with noting calls, and without faults."""
        self.calls.clear()
        self.faults = None
        self.is_dead = False

    def note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """Note a call, and compare it with the service's model: lengths, forms, values, all."""
        call = Call(model.service_model.signing_name, model.name, params)
        problems = list(_problems(params, model.input_shape, str(call)))
        assert not problems, problems
        self.calls.append(call)
        self.num_attempts = 0

    def meet_fault(self, client: Any, request: Any) -> AWSResponse | None:
        """Do with an attempt what is planned for it; None: send it."""
        if self.is_dead:
            raise Crash
        fault = self.faults(self.calls[-1], self.num_attempts) if self.faults else None
        self.num_attempts += 1
        match fault:
            case None:
                return self._known_answer()
            case Fault.THROTTLED | Fault.SERVER_ERROR:
                return _refusal(client, request, fault)
            case Fault.RESET:
                raise ConnectionClosedError(endpoint_url=request.url)
            case Fault.CRASH_BEFORE:
                self.is_dead = True
                raise Crash
        answer = self._known_answer() or client._endpoint.http_session.send(request)
        assert answer.content is not None  # read, so that its connection is given back
        self.answers |= dict.fromkeys(self._token(), answer)
        if fault is Fault.TIMED_OUT:
            raise ReadTimeoutError(endpoint_url=request.url)
        self.is_dead = True
        raise Crash

    def _known_answer(self) -> AWSResponse | None:
        return next((self.answers[token] for token in self._token() if token in self.answers), None)

    def _token(self) -> list[str]:
        """What makes the service do a call once, however often it is attempted."""
        request = self.calls[-1].request
        return [request[name] for name in ("ClientRequestToken", "ClientToken") if name in request]


@contextmanager
def moto_server() -> Iterator[str]:
    """Run moto's server in this process, and give its address."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        server._server.server_close()


def environment(url: str) -> dict[str, str]:
    """Environment variables of a process that is to talk to moto's server."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "MOTO_ACCOUNT_ID": SITE.account,
    }


def make_foundations(site: Site, clients: Clients) -> None:
    """Make what stacks make: a bucket, the functions' role, the group of schedules."""
    clients.s3.create_bucket(Bucket=site.bucket)
    clients.scheduler.create_schedule_group(Name=site.schedule_group)
    clients.iam.create_role(
        RoleName=site.function_role_arn.rpartition("/")[2],
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
    )


@pytest.fixture(scope="session")
def aws_server() -> Iterator[Account]:
    """The server, and the clients, which take long to make."""
    with moto_server() as url:
        account = Account(url, Clients(SITE))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment(url).items():
                patch.setenv(name, value)
            for name in SERVICES:
                _watch(getattr(account.clients, name), account)
        yield account
        for name in SERVICES:
            getattr(account.clients, name).close()


@pytest.fixture
def account(aws_server: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account of the site's, with what stacks make, and nothing else."""
    for name, value in environment(aws_server.url).items():
        monkeypatch.setenv(name, value)
    # Whoever waits before it tries again waits for nothing here, and may always try again.
    delay = "botocore.retries.standard.ExponentialBackoff.delay_amount"
    monkeypatch.setattr(delay, lambda *_: 0)
    monkeypatch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda *_: True)
    connection = HTTPConnection(urlsplit(aws_server.url).netloc)
    connection.request("POST", "/moto-api/reset")
    connection.getresponse().close()
    connection.close()
    aws_server.forget()
    aws_server.answers.clear()
    make_foundations(aws_server.site, aws_server.clients)
    aws_server.forget()
    return aws_server


def _watch(client: Any, account: Account) -> None:
    events = client.meta.events
    events.register("before-parameter-build", account.note)
    events.register("after-call.lambda.CreateAlias", _correct_code)
    events.register("before-send", lambda request, **_: account.meet_fault(client, request))


def _correct_code(parsed: dict[str, Any], **_: Any) -> None:
    """Moto answers with a code that the service's model does not have."""
    if parsed.get("Error", {}).get("Code") == "ConflictException":
        parsed["Error"]["Code"] = "ResourceConflictException"


def _refusal(client: Any, request: Any, fault: Fault) -> AWSResponse:
    """An answer in the form of the client's service."""
    model = client.meta.service_model
    protocol = model.resolved_protocol
    is_throttled = fault is Fault.THROTTLED
    status = {True: {"json": 400, "query": 400, "rest-json": 429}.get(protocol, 503), False: 500}
    reason = "ThrottlingException" if is_throttled else "InternalFailure"
    if protocol in {"json", "rest-json"}:
        body = json.dumps({"__type": reason, "message": fault.value})
    else:
        reason = "SlowDown" if is_throttled else "InternalError"
        body = f"<Error><Code>{reason}</Code><Message>{fault.value}</Message></Error>"
        if protocol == "query":
            body = f"<ErrorResponse>{body}</ErrorResponse>"
    headers = {"x-amzn-errortype": reason}
    return AWSResponse(request.url, status[is_throttled], headers, _Raw(body.encode()))


class _Raw(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    """What the service would not accept of a request."""
    kind = shape.type_name
    if kind == "structure":
        yield from _structure_problems(value, shape, path)
        return
    size = value if kind in {"integer", "long", "float", "double"} else None
    if kind in {"string", "list", "map"}:
        size = len(value)
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if size is not None and not (low or size) <= size <= (size if high is None else high):
        yield f"{path} is {size}; expected {low} to {high}"
    if kind == "list":
        for index, item in enumerate(value):
            yield from _problems(item, shape.member, f"{path}[{index}]")
    elif kind == "map":
        for key, item in value.items():
            yield from _problems(key, shape.key, f"{path}.{key}")
            yield from _problems(item, shape.value, f"{path}.{key}")
    elif kind == "string":
        yield from _string_problems(value, shape, path)


def _structure_problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        # botocore fills in tokens.
        if name not in value and not shape.members[name].metadata.get("idempotencyToken"):
            yield f"{path} lacks {name}"
    for name, item in value.items():
        if name in shape.members:
            yield from _problems(item, shape.members[name], f"{path}.{name}")
        else:
            yield f"{path} knows no {name}"


def _string_problems(value: str, shape: Any, path: str) -> Iterator[str]:
    form = shape.metadata.get("pattern")
    expression = service.pattern(form) if form else None
    if shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}; expected one of {shape.enum}"
    elif expression is not None and expression.fullmatch(value) is None:
        yield f"{path} is {value!r}; expected the form {form}"
