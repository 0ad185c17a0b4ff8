"""The command `plan`, with an account that is what the test says."""

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from pipelines.account import deployed as account
from pipelines.cli import main
from pipelines.commands.usage import has_colour
from pipelines.compile import Compiled
from pipelines.plan import Deployed
from pipelines.release import Release

NAME = "image-classification-retraining"


@pytest.fixture
def present(
    monkeypatch: pytest.MonkeyPatch,
    compiled_snapshot: Callable[[str], Compiled],
    retraining: Release,
    deployed: Deployed,
) -> Callable[[Deployed | None], None]:
    """Says what there is in the account; None: what the release left there."""
    monkeypatch.setattr(
        "pipelines.compile.compile_pipeline", lambda name, _: compiled_snapshot(name)
    )

    def say(there: Deployed | None) -> None:
        def read_state(compiled: Compiled, *_: object) -> account.State:
            return account.State(
                compiled=compiled,
                release=retraining,
                deployed=deployed if there is None else there,
                others=frozenset(),
            )

        monkeypatch.setattr(account, "read_state", read_state)

    return say


def test_no_changes_exit_with_0(
    present: Callable[[Deployed | None], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """What is deployed as declared is said in a line."""
    present(None)
    assert main(["plan", "retraining"]) == 0
    assert capsys.readouterr().out == f"{NAME}: no changes.\n"


def test_changes_exit_with_3(
    present: Callable[[Deployed | None], None],
    capsys: pytest.CaptureFixture[str],
    deployed: Deployed,
) -> None:
    """Standard output has the plan, without colours where it is no terminal."""
    present(replace(deployed, description="Old."))
    assert main(["plan", "retraining"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == NAME
    assert lines[1].startswith('~ PipelineDescription  "Old." -> "Train on new data')


def test_programs_read_json(
    present: Callable[[Deployed | None], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same as a document, with the same exit code."""
    present(Deployed())
    assert main(["plan", "retraining", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert (document["PipelineName"], document["IsNew"]) == (NAME, True)


def test_what_the_checks_find_is_not_planned(
    present: Callable[[Deployed | None], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    compiled_snapshot: Callable[[str], Compiled],
) -> None:
    """A definition with mistakes is not compared with anything."""
    present(None)
    wrong = compiled_snapshot("retraining").definition.replace("Steps.Train.", "Steps.Tran.")
    monkeypatch.setattr(
        "pipelines.compile.compile_pipeline",
        lambda name, _: replace(compiled_snapshot(name), definition=wrong),
    )
    assert main(["plan", "retraining"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    title = "pipelines: Pipeline 'retraining' has mistakes; nothing was done.\nretraining:/Steps/"
    assert captured.err.startswith(title)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        pytest.param(_Terminal(), {}, True, id="terminal"),
        pytest.param(io.StringIO(), {}, False, id="pipe"),
        pytest.param(_Terminal(), {"NO_COLOR": "1"}, False, id="no-color"),
        pytest.param(_Terminal(), {"NO_COLOR": ""}, True, id="no-color-is-empty"),
        pytest.param(_Terminal(), {"TERM": "dumb"}, False, id="dumb"),
    ],
)
def test_colours_are_for_terminals(
    stream: io.StringIO, environment: dict[str, str], expected: bool
) -> None:
    """A pipe gets none, nor does who asks for none."""
    assert has_colour(stream, environment) is expected
