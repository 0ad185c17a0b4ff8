"""How job scripts start and end."""

import logging
from pathlib import Path

import pytest

from steps.runtime import run


@pytest.fixture
def output_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the service reads messages from; the script makes it."""
    monkeypatch.setenv("SM_OUTPUT_DIR", str(tmp_path / "output"))
    return tmp_path / "output"


def test_what_main_returns_is_the_exit_message(
    output_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A script that succeeds leaves its message and no failure, and logs how long it took."""
    caplog.set_level(logging.INFO)
    run(lambda: "train=3 test=1")
    assert {path.name: path.read_text() for path in output_dir.iterdir()} == {
        "message": "train=3 test=1"
    }
    assert [record.message.rpartition(" ")[0] for record in caplog.records][-1].startswith(
        "main took 0."
    )


def test_a_script_without_a_message_leaves_no_file(output_dir: Path) -> None:
    """Nothing is written for a main that returns nothing."""
    run(lambda: None)
    assert not output_dir.exists()


def test_an_error_is_the_failure_reason(output_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A main that raises exits with 1; the reason is cut to what the service keeps."""

    def fail() -> None:
        raise ValueError("no images " * 200)

    with pytest.raises(SystemExit) as caught:
        run(fail)
    assert caught.value.code == 1
    for name in ("failure", "message"):
        reason = (output_dir / name).read_text()
        assert reason.startswith("ValueError: no images no images ")
        assert len(reason) == 1024
    assert "Traceback" in caplog.text
    assert "no images " * 200 in caplog.text
