"""How job scripts start and end."""

import logging
import sys
from pathlib import Path

import pytest

from steps.runtime import InputError, JobParser, run


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


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param("no more images", "no more images", id="text"),
        pytest.param(3, "The script exited with 3.", id="number"),
    ],
)
def test_a_script_that_exits_leaves_a_reason(
    code: str | int, reason: str, output_dir: Path
) -> None:
    """Leaving by an exit is a failure too, unless the exit says that all is well."""
    with pytest.raises(SystemExit) as caught:
        run(lambda: sys.exit(code))
    assert caught.value.code == code
    assert {path.name: path.read_text() for path in output_dir.iterdir()} == {
        "failure": reason,
        "message": reason,
    }


def test_an_exit_without_a_fault_leaves_nothing(output_dir: Path) -> None:
    """A script that only shows its help has not failed."""
    with pytest.raises(SystemExit):
        run(lambda: sys.exit(0))
    assert not output_dir.exists()


def test_wrong_options_are_the_failure_reason(
    output_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reads the job's description learns which option was wrong, and how."""

    def main() -> None:
        parser = JobParser("A job.")
        parser.add_argument("--size", type=int)
        parser.parse_args(["--size", "large"])

    with pytest.raises(SystemExit):
        run(main)
    assert (output_dir / "failure").read_text() == (
        "Wrong options: argument --size: invalid int value: 'large'."
    )
    assert "usage: " in capsys.readouterr().err


def test_a_mistake_in_the_input_is_said_without_a_traceback(
    output_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What a person must change in the data is one sentence, in the log and as the reason."""

    def refuse() -> None:
        raise InputError("Label 'dog' has 1 image.")

    with pytest.raises(SystemExit) as caught:
        run(refuse)
    assert caught.value.code == 1
    assert (output_dir / "failure").read_text() == "Label 'dog' has 1 image."
    assert "Traceback" not in caplog.text
