"""Tests of pipelines.local.serving.endpoint."""

import json
from pathlib import Path
from typing import Any

import pytest

from inference.samples import SAMPLES_FILE, Sample, samples_document
from pipelines.local.errors import StepFailed
from tests.unit.pipelines.local.definitions import has_ended
from tests.unit.pipelines.local.serving.conftest import Running
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

LABEL = """
import json, os, time
def model_fn(model_dir): return os.environ.get("LABEL", "cat")
def transform_fn(model, body, content_type, accept):
    if bytes(body).startswith(b"/"):
        open(bytes(body) + b".begun", "w").close()
        while not os.path.exists(bytes(body)):
            time.sleep(0.01)
    if body == b"refused":
        raise ValueError("refused")
    if body == b"text":
        return "cat", accept
    return json.dumps({"predicted_label": model, "probability": 0.75, "pid": str(os.getpid())})
"""


def write_samples(directory: Path, body: bytes = b"image", **changes: Any) -> str:
    """A folder with one sample, and what is expected of it; its path."""
    directory.mkdir()
    (directory / "0.png").write_bytes(body)
    response = {"predicted_label": "cat", "probability": 0.75, "pid": "any", **changes}
    document = samples_document([Sample(file="0.png", content_type="a/b", response=response)])
    (directory / SAMPLES_FILE).write_text(json.dumps(document))
    return str(directory)


def ask(running: Running, body: bytes = b"") -> Any:
    """The answer of the version that is in force."""
    version = running.endpoint.version
    assert version is not None
    served = version.choose(None)
    assert served is not None
    answer = running.run(served.server.invoke(body, None, None))
    assert answer.is_success
    return json.loads(answer.body)


def test_a_version_that_answers_its_samples_takes_over(running: Running, tmp_path: Path) -> None:
    """The samples of the package go to the new version before anybody else's request does."""
    variant = running.variant(LABEL, samples_dir=write_samples(tmp_path / "samples"))

    running.go_over(variant)

    assert ask(running)["predicted_label"] == "cat"
    version = running.endpoint.version
    assert version is not None
    assert version.is_ready
    assert [served.variant for served in version.variants] == [variant]


@pytest.mark.parametrize(
    ("body", "changes", "reason"),
    [
        (b"image", {"predicted_label": "dog"}, "predicted_label is cat, expected dog."),
        (b"image", {"brightness": 0.5}, "only one of the answers has brightness."),
        (b"refused", {}, "status 500, refused\nTraceback (most recent call last):\n"),
        (b"text", {}, "no JSON object, cat."),
    ],
    ids=["label", "field", "status", "text"],
)
def test_a_version_that_answers_otherwise_does_not(
    running: Running, tmp_path: Path, body: bytes, changes: dict[str, Any], reason: str
) -> None:
    """The reason says which sample, and what was found; the old version goes on."""
    running.go_over(running.variant(LABEL))
    before = ask(running)
    samples_dir = write_samples(tmp_path / "samples", body, **changes)

    with pytest.raises(StepFailed) as caught:
        running.go_over(running.variant(LABEL, samples_dir=samples_dir))

    assert str(caught.value).startswith(
        "Variant 'AllTraffic' does not answer sample '0.png' as its evaluation did: " + reason
    )
    assert ask(running) == before


@pytest.mark.parametrize("content", [None, "[]"], ids=["missing", "empty"])
def test_samples_that_cannot_be_read_are_no_agreement(
    running: Running, tmp_path: Path, content: str | None
) -> None:
    """A package that promises samples and has none is broken."""
    (tmp_path / "samples").mkdir()
    if content is not None:
        (tmp_path / "samples" / SAMPLES_FILE).write_text(content)

    with pytest.raises(StepFailed, match=r"^The samples of variant 'AllTraffic' cannot be read: "):
        running.go_over(running.variant(LABEL, samples_dir=str(tmp_path / "samples")))

    assert running.endpoint.version is None


def test_a_broken_variant_takes_the_whole_version_along(running: Running) -> None:
    """The reason is that of the broken one; the processes of the others are ended."""
    good = running.variant(LABEL)
    bad = running.variant("raise ValueError('no weights')", name="B")

    with pytest.raises(StepFailed) as caught:
        running.go_over(good, bad)

    assert str(caught.value) == "The model cannot be loaded: ValueError: no weights"
    assert running.endpoint.version is None
    assert not list(running.root.glob("endpoints/dogs/models/*"))


def test_the_old_version_finishes_what_it_has(running: Running, tmp_path: Path) -> None:
    """Requests in flight are answered by the version that took them; then it is gone."""
    running.go_over(running.variant(LABEL, environment={"LABEL": "old"}))
    old = running.endpoint.version
    assert old is not None
    pid = int(ask(running)["pid"])
    slow = running.submit(old.variants[0].server.invoke(bytes(tmp_path / "end"), None, None))
    wait_until((tmp_path / "end.begun").exists)

    running.go_over(running.variant(LABEL, environment={"LABEL": "new"}))
    now = ask(running)["predicted_label"]

    assert not slow.done()
    assert now == "new"
    (tmp_path / "end").touch()
    assert json.loads(slow.result(SECONDS).body)["predicted_label"] == "old"
    assert has_ended(pid)


def test_closing_ends_all_versions(running: Running, tmp_path: Path) -> None:
    """Also one that is still busy with its last requests."""
    running.go_over(running.variant(LABEL))
    old = running.endpoint.version
    assert old is not None
    pids = [int(ask(running)["pid"])]
    running.submit(old.variants[0].server.invoke(bytes(tmp_path / "never"), None, None))
    wait_until((tmp_path / "never.begun").exists)
    running.go_over(running.variant(LABEL))
    pids.append(int(ask(running)["pid"]))

    running.run(running.endpoint.close(limit_seconds=0.5))

    assert all(has_ended(pid) for pid in pids)
    assert not list(running.root.glob("endpoints/dogs/models/*"))


def test_weights_share_the_requests(running: Running) -> None:
    """A variant of weight 3 gets three times the requests of one of weight 1."""
    running.go_over(running.variant(LABEL, weight=3.0), running.variant(LABEL, name="B"))
    version = running.endpoint.version
    assert version is not None

    chosen = [version.choose(None) for _ in range(4000)]

    names = [served.variant.name for served in chosen if served is not None]
    assert len(names) == 4000
    assert 0.7 < names.count("AllTraffic") / 4000 < 0.8
