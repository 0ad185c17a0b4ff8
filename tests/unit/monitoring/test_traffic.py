"""Traffic against a clock that only moves when it is told to."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.client import check_inference_id
from inference.images import decode
from monitoring.corruptions import Corruption
from monitoring.traffic import MAX_LISTED_FAILURES, Load, Summary, simulate
from monitoring.traffic_mix import Picture, TrafficMix, find_pictures
from tests.waiting import SECONDS

STARTED_AT = datetime(2026, 11, 21, 10, 59, 58, tzinfo=UTC)
PICTURES = tuple(
    Picture(path=Path(label, f"{number}.png"), label=label)
    for label in ("cat", "dog")
    for number in range(5)
)
MIX = TrafficMix(pictures=PICTURES, seed=0)
"""What a test waits for threads before it fails."""


@dataclass
class Clock:
    """Seconds that pass when something sleeps or takes time."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        """Read the clock."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds > 0
        self.seconds += seconds


@dataclass
class Endpoint:
    """Notes what it is asked and when, since the clock's start; perhaps slow, perhaps failing."""

    clock: Clock
    latencies: Callable[[int], float] = lambda _: 0.0
    """Seconds that the request of this index takes."""
    is_failing: Callable[[int], bool] = lambda _: False
    times: list[float] = field(default_factory=list)
    images: list[Any] = field(default_factory=list)
    inference_ids: list[str] = field(default_factory=list)

    def predict(self, image: object, *, inference_id: str | None = None) -> str:
        """Answer one request."""
        assert inference_id is not None
        index = len(self.times)
        self.times.append(round(self.clock.seconds - 1000.0, 9))
        self.images.append(image)
        self.inference_ids.append(inference_id)
        self.clock.seconds += self.latencies(index)
        if self.is_failing(index):
            raise ConnectionError("the line is dead")
        return "cat"


def run(load: Load, endpoint: Endpoint, mix: TrafficMix = MIX, **options: Any) -> Summary:
    """Simulate with the endpoint's clock."""
    arguments = {"sleep": endpoint.clock.sleep, **options}
    return simulate(
        mix,
        load,
        send=endpoint.predict,
        decode=decode,
        started_at=STARTED_AT,
        clock=endpoint.clock,
        **arguments,
    )


def one_by_one(**fields: Any) -> Load:
    """A load without overlaps, so that the fake clock is not read while it moves."""
    return Load(max_concurrent_requests=1, **fields)


def test_requests_are_sent_at_the_rate() -> None:
    """At 4 a second, one comes every quarter, the first one at once."""
    endpoint = Endpoint(Clock())
    summary = run(one_by_one(requests_per_second=4, num_requests=6), endpoint)
    assert endpoint.times == [0, 0.25, 0.5, 0.75, 1, 1.25]
    assert (summary.num_sent, summary.num_failed, summary.num_missed) == (6, 0, 0)
    assert summary.requests_per_second == 4


def test_a_duration_holds_all_that_is_due_in_it() -> None:
    """Two seconds at 2.5 a second are five requests; the shortest one is a request."""
    endpoint = Endpoint(Clock())
    assert run(one_by_one(requests_per_second=2.5, duration_seconds=2), endpoint).num_sent == 5
    assert endpoint.times == [0, 0.4, 0.8, 1.2, 1.6]
    shortest = one_by_one(requests_per_second=1, duration_seconds=0.01)
    assert run(shortest, Endpoint(Clock())).num_sent == 1


def test_late_sleepers_do_not_lower_the_rate() -> None:
    """What comes a little late does not put off what follows."""
    endpoint = Endpoint(Clock())
    summary = run(
        one_by_one(requests_per_second=10, num_requests=50),
        endpoint,
        sleep=lambda seconds: endpoint.clock.sleep(seconds + 0.03),
    )
    assert endpoint.times[1:] == pytest.approx([0.03 + 0.1 * k for k in range(1, 50)])
    assert (summary.num_missed, summary.requests_per_second) == (0, 10)


def test_a_slow_endpoint_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Requests of a second, one at a time, leave 10 a second at 1; the log says so."""
    endpoint = Endpoint(Clock(), latencies=lambda _: 1.0)
    with caplog.at_level(logging.WARNING):
        summary = run(one_by_one(requests_per_second=10, num_requests=5), endpoint)
    assert endpoint.times == pytest.approx([0, 1, 2, 3, 4])
    assert (summary.num_sent, summary.num_missed) == (5, 36)
    assert summary.requests_per_second == pytest.approx(10 * 5 / 41)
    assert caplog.messages == [
        "36 of 41 requests were left out, as 10 requests/s could not be held (at most 1 at "
        "once): let more of them overlap, or ask for less."
    ]


def test_a_duration_ends_in_time_however_slow_the_endpoint_is() -> None:
    """What is due after the last request counts as missed."""
    endpoint = Endpoint(Clock(), latencies=lambda index: 0.7 if index == 0 else 2.0)
    summary = run(one_by_one(requests_per_second=10, duration_seconds=1), endpoint)
    assert endpoint.times == pytest.approx([0, 0.7])
    assert (summary.num_sent, summary.num_missed) == (2, 8)
    assert summary.requests_per_second == pytest.approx(2)


def test_no_burst_follows_a_stall() -> None:
    """After a second in which nothing could be sent, requests come at the rate again."""
    endpoint = Endpoint(Clock(), latencies=lambda index: 1.03 if index == 3 else 0.0)
    summary = run(one_by_one(requests_per_second=10, num_requests=8), endpoint)
    assert endpoint.times == pytest.approx([0, 0.1, 0.2, 0.3, 1.33, 1.4, 1.5, 1.6])
    assert summary.num_missed == 9


def test_requests_overlap() -> None:
    """Four requests wait at once for one another, which none of them could alone."""
    clock, meeting = Clock(), threading.Barrier(4)

    def send(image: object, *, inference_id: str) -> None:
        meeting.wait(SECONDS)

    summary = simulate(
        MIX,
        Load(requests_per_second=10, num_requests=8, max_concurrent_requests=4),
        send=send,
        decode=decode,
        started_at=STARTED_AT,
        clock=clock,
        sleep=clock.sleep,
    )
    assert (summary.num_sent, summary.num_failed, summary.num_missed) == (8, 0, 0)


def test_requests_at_once_are_bounded() -> None:
    """However many are due, no more than asked for are under way."""
    lock, under_way, most = threading.Lock(), 0, 0

    def send(image: object, *, inference_id: str) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.002)
        with lock:
            under_way -= 1

    load = Load(requests_per_second=1000, num_requests=40, max_concurrent_requests=3)
    summary = simulate(MIX, load, send=send, decode=decode, started_at=STARTED_AT)
    assert summary.num_sent == 40
    assert 1 <= most <= 3


def test_latencies_are_those_of_the_answers() -> None:
    """Of 0.1 to 0.5 s the median is 0.3 s and the 95th percentile 0.48 s; failures do not count."""
    endpoint = Endpoint(
        Clock(),
        latencies=lambda index: (index + 1) / 10,
        is_failing=lambda index: index == 5,
    )
    summary = run(one_by_one(requests_per_second=1, num_requests=6), endpoint)
    assert summary.latency_p50_seconds == pytest.approx(0.3)
    # A fifth of the way from the fourth to the fifth is 95 % of the way from the first.
    assert summary.latency_p95_seconds == pytest.approx(0.48)


def test_failures_are_counted_listed_and_survived() -> None:
    """Every third request fails; the first failures are listed and none of them is labelled."""
    endpoint = Endpoint(Clock(), is_failing=lambda index: index % 3 == 0)
    labelled: list[str] = []
    summary = run(
        one_by_one(requests_per_second=10, num_requests=90),
        endpoint,
        write_label=lambda inference_id, *_: labelled.append(inference_id),
    )
    assert (summary.num_sent, summary.num_failed, summary.num_labels) == (90, 30, 60)
    assert labelled == [name for k, name in enumerate(endpoint.inference_ids) if k % 3]
    failed = endpoint.inference_ids[::3][:MAX_LISTED_FAILURES]
    assert [failure.inference_id for failure in summary.failures] == failed
    assert [failure.path for failure in summary.failures] == endpoint.images[::3][:20]
    assert {failure.reason for failure in summary.failures} == {"ConnectionError: the line is dead"}


def test_an_endpoint_that_never_answers_has_no_latency() -> None:
    """All requests fail, and the summary says so."""
    endpoint = Endpoint(Clock(), is_failing=lambda _: True)
    summary = run(one_by_one(requests_per_second=10, num_requests=3), endpoint)
    assert summary.num_failed == summary.num_sent == 3
    assert summary.latency_p50_seconds is None
    assert summary.latency_p95_seconds is None


def test_labels_are_dated_by_their_collection() -> None:
    """A label comes its delay after its request, in the hour after it where need be."""
    endpoint = Endpoint(Clock())
    mix = TrafficMix(
        pictures=PICTURES, label_noise_fraction=0.5, mean_label_delay_seconds=600, seed=3
    )
    written: list[tuple[str, str, datetime]] = []
    summary = run(
        one_by_one(requests_per_second=2, num_requests=20),
        endpoint,
        mix,
        write_label=lambda *label: written.append(label),
    )
    expected = [mix.draw(index) for index in range(20)]
    assert written == [
        (
            f"{summary.run_id}-{index}",
            draw.label,
            STARTED_AT + timedelta(seconds=index / 2 + draw.label_delay_seconds),
        )
        for index, draw in enumerate(expected)
    ]
    assert summary.num_labels == 20
    assert summary.num_wrong_labels == sum(draw.label != draw.picture.label for draw in expected)
    assert any(collected_at.hour == 11 for _, _, collected_at in written)


def test_without_a_writer_there_is_no_ground_truth() -> None:
    """No label is written and none is counted."""
    summary = run(one_by_one(requests_per_second=10, num_requests=5), Endpoint(Clock()))
    assert (summary.num_labels, summary.num_wrong_labels) == (0, 0)


def test_inference_ids_are_unique_across_runs() -> None:
    """Every id is of the form that endpoints take, begins with the run's, and comes once."""
    endpoint = Endpoint(Clock())
    load = one_by_one(requests_per_second=10, num_requests=5)
    runs = [run(load, endpoint), run(load, endpoint)]
    assert len(set(endpoint.inference_ids)) == 10
    for inference_id in endpoint.inference_ids:
        check_inference_id(inference_id)
    assert [name.rpartition("-")[0] for name in endpoint.inference_ids] == (
        [runs[0].run_id] * 5 + [runs[1].run_id] * 5
    )


def write_pictures(directory: Path) -> tuple[Picture, ...]:
    """Four pictures of two labels, without any order."""
    generator = np.random.default_rng(0)
    for name in ("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"):
        (directory / name).parent.mkdir(exist_ok=True)
        pixels = generator.integers(0, 120, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(directory / name)
    return find_pictures(directory, suffixes={".png"})


def test_pictures_go_as_they_are_or_corrupted(tmp_path: Path) -> None:
    """The same seed sends the same pictures: first their files, then images half as bright."""
    mix = TrafficMix(pictures=write_pictures(tmp_path), seed=1)
    load = one_by_one(requests_per_second=10, num_requests=12)
    plain, dark = Endpoint(Clock()), Endpoint(Clock())
    run(load, plain, mix)
    run(load, dark, mix, corruption=Corruption(kind="brightness", severity=-0.5))
    assert plain.images == [mix.draw(index).picture.path for index in range(12)]
    for path, image in zip(plain.images, dark.images, strict=True):
        with Image.open(path) as original:
            expected = np.floor(np.asarray(original) / 2 + 0.5)
        assert (np.asarray(image) == expected).all()


@pytest.mark.parametrize("num_sent", [0, 3])
def test_traffic_that_is_to_stop_sends_no_more(num_sent: int) -> None:
    """What was answered until then is labelled, and nothing counts as missed."""
    endpoint = Endpoint(Clock())
    labels: list[str] = []
    summary = run(
        one_by_one(requests_per_second=10, num_requests=8),
        endpoint,
        is_stopping=lambda: len(endpoint.times) == num_sent,
        write_label=lambda inference_id, label, collected_at: labels.append(inference_id),
    )
    assert endpoint.times == pytest.approx([0.1 * k for k in range(num_sent)])
    assert labels == endpoint.inference_ids
    assert (summary.num_sent, summary.num_labels, summary.num_missed) == (num_sent, num_sent, 0)
    assert summary.requests_per_second == (10 if num_sent else 0)


def test_corruptions_are_the_same_whatever_the_order(tmp_path: Path) -> None:
    """Noise is drawn for each request and not in the order in which threads come to it."""
    mix = TrafficMix(pictures=write_pictures(tmp_path), seed=1)
    noise = Corruption(kind="noise", severity=0.1)

    def images(**fields: Any) -> dict[str, bytes]:
        found = {}

        def send(image: Any, *, inference_id: str) -> None:
            found[inference_id.rpartition("-")[2]] = image.tobytes()

        clock = Clock()
        load = Load(requests_per_second=10, num_requests=20, **fields)
        simulate(
            mix,
            load,
            send=send,
            decode=decode,
            started_at=STARTED_AT,
            corruption=noise,
            clock=clock,
            sleep=clock.sleep,
        )
        return found

    alone = images(max_concurrent_requests=1)
    assert images(max_concurrent_requests=8) == alone
    assert len(set(alone.values())) == 20


def test_a_damaged_picture_is_a_failure_of_its_request(tmp_path: Path) -> None:
    """What cannot be decoded cannot be corrupted; the other pictures go on."""
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "damaged.png").write_bytes(b"no image")
    mix = TrafficMix(pictures=find_pictures(tmp_path, suffixes={".png"}), seed=0)
    endpoint = Endpoint(Clock())
    blur = Corruption(kind="blur", severity=1)
    load = one_by_one(requests_per_second=10, num_requests=1)
    summary = run(load, endpoint, mix, corruption=blur)
    assert endpoint.images == []
    [failure] = summary.failures
    assert failure.path == tmp_path / "cat" / "damaged.png"
    assert failure.reason == "ImageError: it is no PNG, JPEG, WebP or BMP image"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            {"requests_per_second": 0, "num_requests": 1},
            "'requests_per_second' of the traffic is 0; expected a number from 0.001 to 1000.",
            id="rate",
        ),
        pytest.param(
            {"requests_per_second": 1, "num_requests": 0},
            "'num_requests' of the traffic is 0; expected a number of at least 1.",
            id="number",
        ),
        pytest.param(
            {"requests_per_second": 1},
            "A load has either a number of requests or a duration; pass one of 'num_requests' and "
            "'duration_seconds'.",
            id="neither",
        ),
        pytest.param(
            {"requests_per_second": 1, "num_requests": 1, "duration_seconds": 1},
            "A load has either a number of requests or a duration; pass one of 'num_requests' and "
            "'duration_seconds'.",
            id="both",
        ),
    ],
)
def test_impossible_loads_are_refused(fields: dict[str, Any], message: str) -> None:
    """The message says which range or choice there is."""
    with pytest.raises(ValueError, match=r"\.$") as caught:
        Load(**fields)
    assert str(caught.value) == message
