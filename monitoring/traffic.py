"""Traffic: asks an endpoint about pictures at a steady rate, and tells the truth about them later.

Requests are due at fixed times and overlap, so that a slow endpoint does not slow its callers down.
A time at which no request can be sent is missed for good: what was held up never comes in a burst.
"""

import logging
import math
import time
import uuid
from array import array
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from monitoring.corruptions import Corruption
from monitoring.traffic_mix import Draw, TrafficMix, check_ranges

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_LISTED_FAILURES = 20
"""Failures that a summary lists; all of them are counted."""

_QUANTILES = (0.5, 0.95)

logger = logging.getLogger(__name__)


class Send(Protocol):
    """Asks the endpoint about one image: `inference.client.Client.predict`, for example."""

    def __call__(self, image: "Path | Image", /, *, inference_id: str) -> object:
        """Return when there is an answer; whatever is raised is a failure of this request.

        Several threads call it at once.
        """


class WriteLabel(Protocol):
    """Writes ground truth."""

    def __call__(self, inference_id: str, label: str, collected_at: datetime, /) -> object:
        """Write the label of a request; the time at which it is collected may be to come."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How many requests are sent, and how often.

    Raises:
        ValueError: A field is out of its range, or both or none of number and duration are given.
    """

    requests_per_second: float
    num_requests: int | None = None
    """Requests to send; None where the duration decides."""
    duration_seconds: float | None = None
    """How long requests are due; None where their number decides."""
    max_concurrent_requests: int = 8
    """Requests that may wait for their answers at once; boto3's client keeps 10 connections."""

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                "requests_per_second": (0.001, 1000),
                "num_requests": (1, math.inf),
                "duration_seconds": (0.001, math.inf),
                "max_concurrent_requests": (1, 1000),
            },
        )
        if (self.num_requests is None) == (self.duration_seconds is None):
            raise ValueError(
                "A load has either a number of requests or a duration; pass one of 'num_requests' "
                "and 'duration_seconds'."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A request without an answer."""

    inference_id: str
    path: Path
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What came of the traffic."""

    run_id: str
    """What the inference ids of all requests begin with."""
    num_sent: int
    num_failed: int
    """Requests without an answer, which get no label either."""
    num_labels: int
    """Labels written."""
    num_wrong_labels: int
    """Those of them that are wrong on purpose."""
    num_missed: int
    """Times at which a request was due and none was sent, because too many others waited for their
    answers or this machine was busy."""
    requests_per_second: float
    """Rate at which requests were sent: what was asked for if no time was missed, else less."""
    latency_p50_seconds: float | None
    """Median time from sending to the answer, of what was answered; None if nothing was."""
    latency_p95_seconds: float | None
    failures: tuple[Failure, ...]
    """The first `MAX_LISTED_FAILURES`, as they became known."""


def simulate(
    mix: TrafficMix,
    load: Load,
    *,
    send: Send,
    decode: "Callable[[bytes], Image]",
    started_at: datetime,
    corruption: Corruption | None = None,
    write_label: WriteLabel | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Summary:
    """Send requests and write the labels of what is answered; return when all of them are.

    A request that fails stops nothing. Inference ids are unique across simulations. Memory holds
    8 bytes per request, its latency.

    Args:
        mix: What requests are about.
        load: How many there are, and how often.
        send: Asks the endpoint. Gets the path of a file that is sent as it is, and the image of one
            that is corrupted, to be sent without loss: compression is a corruption of its own.
        decode: Content of a file to an upright RGB image: `inference.images.decode`.
        started_at: The time now; labels are dated from it.
        corruption: What happens to every picture; None sends the files as they are.
        write_label: Writes ground truth; called in this thread, None writes none.
        clock: Seconds that never go back.
        sleep: Waits for seconds of that clock, or until the traffic is to stop.
        is_stopping: Whether to send no more; what is under way is waited for.
    """
    simulation = _Simulation(
        mix=mix,
        load=load,
        corruption=corruption,
        send=send,
        decode=decode,
        started_at=started_at,
        write_label=write_label,
        clock=clock,
        sleep=sleep,
        is_stopping=is_stopping,
    )
    summary = simulation.run()
    if summary.num_missed:
        logger.warning(
            "%d of %d requests were left out, as %g requests/s could not be held (at most %d at "
            "once): let more of them overlap, or ask for less.",
            summary.num_missed,
            summary.num_sent + summary.num_missed,
            load.requests_per_second,
            load.max_concurrent_requests,
        )
    return summary


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    inference_id: str
    draw: Draw
    sent_seconds: float
    """When it was sent, since the start."""


@dataclass(kw_only=True, slots=True)
class _Simulation:
    """The arguments of `simulate`, and what has come of them so far."""

    mix: TrafficMix
    load: Load
    corruption: Corruption | None
    send: Send
    decode: "Callable[[bytes], Image]"
    started_at: datetime
    write_label: WriteLabel | None
    clock: Callable[[], float]
    sleep: Callable[[float], object]
    is_stopping: Callable[[], bool]
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    pending: dict[Future[float], _Request] = field(default_factory=dict)
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    num_failed: int = 0
    num_labels: int = 0
    num_wrong_labels: int = 0
    failures: list[Failure] = field(default_factory=list)

    def run(self) -> Summary:
        rate = self.load.requests_per_second
        max_requests = self.load.num_requests or math.inf
        duration = self.load.duration_seconds
        num_slots = math.inf if duration is None else max(round(duration * rate), 1)
        # Slot k begins k / rate after the start and ends when the next one begins.
        num_sent = slot = 0
        start = self.clock()
        with ThreadPoolExecutor(self.load.max_concurrent_requests) as pool:
            while num_sent < max_requests:
                self._make_room()
                slot = max(slot, int((self.clock() - start) * rate))
                if slot >= num_slots:
                    break
                early_seconds = start + slot / rate - self.clock()
                if early_seconds > 0:
                    self.sleep(early_seconds)
                if self.is_stopping():
                    break
                request = _Request(
                    inference_id=f"{self.run_id}-{num_sent}",
                    draw=self.mix.draw(num_sent),
                    sent_seconds=self.clock() - start,
                )
                self.pending[pool.submit(self._ask, request)] = request
                num_sent += 1
                slot += 1
            wait(self.pending)
            self._settle()
        return self._summary(num_sent=num_sent, num_due=int(min(slot, num_slots)))

    def _ask(self, request: _Request) -> float:
        """Send a request and wait for its answer; the seconds that it took."""
        image: Path | Image = request.draw.picture.path
        if self.corruption is not None:
            decoded = self.decode(request.draw.picture.path.read_bytes())
            image = self.corruption(decoded, request.draw.generator)
        sent = self.clock()
        self.send(image, inference_id=request.inference_id)
        return self.clock() - sent

    def _make_room(self) -> None:
        """Settle what is answered; while too many requests are under way, wait for one."""
        if len(self.pending) == self.load.max_concurrent_requests:
            wait(self.pending, return_when=FIRST_COMPLETED)
        self._settle()

    def _settle(self) -> None:
        """Count requests that have come to an end, and write their labels."""
        for future in [future for future in self.pending if future.done()]:
            request = self.pending.pop(future)
            error = future.exception()
            if error is None:
                self.latencies.append(future.result())
                self._label(request)
            else:
                self._note(request, error)

    def _label(self, request: _Request) -> None:
        if self.write_label is None:
            return
        seconds = request.sent_seconds + request.draw.label_delay_seconds
        collected_at = self.started_at + timedelta(seconds=seconds)
        self.write_label(request.inference_id, request.draw.label, collected_at)
        self.num_labels += 1
        self.num_wrong_labels += request.draw.label != request.draw.picture.label

    def _note(self, request: _Request, error: BaseException) -> None:
        self.num_failed += 1
        if len(self.failures) < MAX_LISTED_FAILURES:
            failure = Failure(
                inference_id=request.inference_id,
                path=request.draw.picture.path,
                reason=f"{type(error).__name__}: {error}",
            )
            self.failures.append(failure)

    def _summary(self, *, num_sent: int, num_due: int) -> Summary:
        latencies = np.array(self.latencies)
        p50, p95 = np.quantile(latencies, _QUANTILES).tolist() if latencies.size else (None, None)
        return Summary(
            run_id=self.run_id,
            num_sent=num_sent,
            num_failed=self.num_failed,
            num_labels=self.num_labels,
            num_wrong_labels=self.num_wrong_labels,
            num_missed=num_due - num_sent,
            requests_per_second=self.load.requests_per_second * num_sent / max(num_due, 1),
            latency_p50_seconds=p50,
            latency_p95_seconds=p95,
            failures=tuple(self.failures),
        )
