"""Callers of an HTTP server, each with one connection that it keeps."""

import http.client
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

NUM_WARM_UP_REQUESTS = 20
_START_UP_SECONDS = 1.5
"""By then every client's process has started."""


def p50_seconds(url: str, body: bytes, *, num_requests: int) -> float:
    """Median seconds of one client's requests with a JPEG, one after the other."""
    with _connected(url) as connection:
        for _ in range(NUM_WARM_UP_REQUESTS):
            _ask(connection, url, body)
        seconds = []
        for _ in range(num_requests):
            started = time.perf_counter()
            _ask(connection, url, body)
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def requests_per_second(url: str, body: bytes, *, num_clients: int, seconds: float) -> float:
    """Answers to the requests of several clients at once, each a process of its own."""
    starts = time.time() + _START_UP_SECONDS
    with multiprocessing.get_context("spawn").Pool(num_clients) as pool:
        counts = pool.starmap(
            _num_answers, [(url, body, starts, starts + seconds)] * num_clients, chunksize=1
        )
    return sum(counts) / seconds


def num_failures(url: str, body: bytes, num_requests: int) -> int:
    """How many of one client's requests fail."""
    num_failed = 0
    with _connected(url) as connection:
        for _ in range(num_requests):
            try:
                _ask(connection, url, body)
            except (OSError, ValueError, http.client.HTTPException):
                num_failed += 1
                connection.close()
    return num_failed


def _num_answers(url: str, body: bytes, starts: float, ends: float) -> int:
    """Number of answers between two times of the clock; before, the client warms up."""
    num_answers = 0
    with _connected(url) as connection:
        while time.time() < ends:
            _ask(connection, url, body)
            num_answers += starts <= time.time() < ends
    return num_answers


@contextmanager
def _connected(url: str) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def _ask(connection: http.client.HTTPConnection, url: str, body: bytes) -> None:
    headers = {"Content-Type": "image/jpeg", "Accept": "application/json"}
    connection.request("POST", urlsplit(url).path, body, headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status != http.HTTPStatus.OK:
        raise ValueError(f"{url} answered {response.status}: {answer.decode(errors='replace')}")
