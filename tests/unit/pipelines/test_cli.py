"""The command line: what it prints where, and how it exits."""

import errno
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import demo
from pipelines.cli import main
from pipelines.commands import definitions
from pipelines.local.locks import locked
from pipelines.local.serving.records import LOCK_FILE, EndpointStatus, State
from steps.bundle import ROOT

DEFINITIONS = Path(__file__).parents[2] / "definitions"


def test_list_names_every_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    """`list` prints one line per pipeline to standard output."""
    assert main(["list"]) == 0
    assert capsys.readouterr().out == (
        "training    Search hyperparameters, train, evaluate and register a model.\n"
        "retraining  Train on new data with known hyperparameters, evaluate and register.\n"
        "deployment  Deploy an approved model package to an endpoint and test it.\n"
        "scoring     Ask an approved model about a folder of images, and check its answers.\n"
        "monitoring  Compare what an endpoint answers with the baseline of its model.\n"
    )


def test_a_process_hardly_looks_for_garbage() -> None:
    """Neither while a command runs nor at its end, and the exit code is the command's."""
    program = (
        "import atexit, gc\n"
        "from pipelines import cli\n"
        "cli.main = lambda: print(*gc.get_threshold()) or 3\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 0))\n"
        "cli.run()\n"
    )
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (3, "200000 10 10\nTrue\n")


@pytest.mark.parametrize(
    "words",
    [
        ["check", "training", "trainning"],
        ["cost", "trainning"],
        ["delete", "trainning"],
        ["graph", "trainning"],
        ["permissions", "trainning"],
        ["plan", "trainning"],
        ["run", "trainning"],
        ["show", "trainning"],
        ["start", "trainning"],
        ["upsert", "trainning"],
    ],
    ids=lambda words: words[0],
)
def test_a_name_that_no_pipeline_has_is_wrong_use(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command says it at once, in the same words, with the name that may be meant."""
    assert main(words) == 2
    assert capsys.readouterr() == (
        "",
        "pipelines: There is no pipeline 'trainning'. Pipelines: deployment, monitoring, "
        "retraining, scoring, training. Did you mean 'training'?\n",
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["list"],
        ["run", "--help"],
        ["status"],
        ["endpoints"],
        ["traffic", "--help"],
        ["approve", "a/1"],
    ],
)
def test_light_commands_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    """Help, lists and decisions answer without the SDK, PyTorch, botocore, NumPy or rich."""
    program = (
        "import sys\n"
        "from pipelines.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'sagemaker', 'torch', 'boto3', 'botocore', 'numpy', 'rich', 'optuna'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr.endswith("[]\n")


def test_a_definition_file_is_checked_without_the_sdk() -> None:
    """`check --definition -` reads standard input, prints findings and never imports the SDK."""
    definition = json.loads((DEFINITIONS / "training.json").read_text())
    definition["Steps"][1]["Name"] = "Prep process"
    program = (
        "import sys\n"
        "from pipelines.cli import main\n"
        "code = main(['check', '--definition', '-'])\n"
        "assert 'sagemaker' not in sys.modules and 'boto3' not in sys.modules\n"
        "sys.exit(code)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(definition),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert result.stdout.startswith("-:/Steps/1/Name D002 ")
    assert result.stderr.startswith("D002: https://")
    assert result.stderr.endswith("1 checked, 1 finding\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ["run", "training", "-p", "Epochs"],
            "pipelines: '-p Epochs' is not of the form -p Name=Value.\n",
            id="assignment",
        ),
        pytest.param(
            ["check", "--definition", "missing.json"],
            "pipelines: The definition 'missing.json' cannot be read: No such file or directory.\n",
            id="missing file",
        ),
        pytest.param(
            ["check", "training", "--definition", "a.json"],
            "pipelines: Give pipeline names or --definition, not both.\n",
            id="both",
        ),
        pytest.param(
            ["run", "training", "--images", "missing"],
            "pipelines: 'missing' is not a folder of images.\n",
            id="missing folder",
        ),
        pytest.param(
            ["run", "deployment", "--images", "."],
            "pipelines: Pipeline 'deployment' reads no images; leave them out.\n",
            id="images for nobody",
        ),
        pytest.param(
            ["run", "scoring", "--images", ".", "-p", "ImagesUri=s3://a/b"],
            "pipelines: Give a folder of images or a value of ImagesUri, not both.\n",
            id="images twice",
        ),
    ],
)
def test_wrong_use_exits_with_2(
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A command used wrongly says so in one sentence on standard error."""
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == message


def test_a_malformed_definition_is_wrong_use(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file that is no JSON object is named with the reason."""
    path = tmp_path / "definition.json"
    path.write_text("{")
    assert main(["check", "--definition", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"pipelines: {path}: The definition is not JSON: ")


def test_settings_of_the_site_are_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A malformed setting is wrong use of the command."""
    monkeypatch.setenv("SITE_ACCOUNT", "1")
    assert main(["show", "training"]) == 2
    assert capsys.readouterr().err == (
        "pipelines: SITE_ACCOUNT is '1'; expected a value like '111122223333'.\n"
    )


def test_show_prints_one_step(capsys: pytest.CaptureFixture[str]) -> None:
    """`show --step` prints the step's JSON; a wrong name is answered with the right ones."""
    assert main(["show", "retraining", "--step", "Train"]) == 0
    assert json.loads(capsys.readouterr().out)["Name"] == "Train"
    assert main(["show", "retraining", "--step", "Tune"]) == 2
    assert capsys.readouterr().err == (
        "pipelines: Pipeline 'retraining' has no step 'Tune'. Steps: CheckQuality, Evaluate, "
        "FindApprovedModel, Preprocess, QualityTooLow, RegisterModel, Train.\n"
    )


def test_show_prints_one_thing() -> None:
    """What would be printed beside another is refused, and not left out."""
    with pytest.raises(SystemExit) as caught:
        main(["show", "retraining", "--step", "Train", "--bundles"])
    assert caught.value.code == 2


def test_show_lists_the_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    """`show --parameters` prints a line per parameter: type, default and what else is allowed."""
    assert main(["show", "deployment", "--parameters"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "ModelPackageArn             String    latest" in lines
    assert "CaptureMode                 String    Output   one of: Output, InputAndOutput" in lines


def test_a_root_that_cannot_be_written_to_is_wrong_use(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder of somebody else's is refused before anything runs."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert main(["demo", "--root", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"pipelines: --root '{tmp_path}' cannot be written to; name another folder.\n"
    )


def test_show_lists_what_ships(capsys: pytest.CaptureFixture[str]) -> None:
    """`show --bundles` lists each bundle's digest and files, and no host module is among them."""
    assert main(["show", "retraining", "--bundles"]) == 0
    printed = capsys.readouterr().out
    assert "steps/train/script.py" in printed
    assert "step.py" not in printed
    assert "pipelines/" not in printed


def test_an_interruption_has_its_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C outside an execution is said in one word, true of any command, and exits with 130."""

    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(definitions, "_list", interrupt)
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "pipelines: Interrupted.\n"


def test_a_reader_that_leaves_is_no_traceback(tmp_path: Path) -> None:
    """Who reads our output and stops early, such as `head`, sees no complaint of ours."""
    reading, writing = os.pipe()
    os.close(reading)
    program = "import sys; from pipelines.cli import main; sys.exit(main(['show', 'retraining']))"
    with os.fdopen(writing, "wb") as closed:
        result = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (result.returncode, result.stderr) == (1, "")


def test_an_interrupted_demonstration_names_what_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the demonstration ends, an endpoint that outlives it is named; a dead one is not."""

    def deploy_and_interrupt(_: object, root: Path) -> int:
        for name in ("dead", "digits"):
            directory = root / "endpoints" / name
            directory.mkdir(parents=True, exist_ok=True)
            State(
                wanted_id="1",
                status=EndpointStatus.IN_SERVICE,
                config_name="c",
                variants=(),
                failure_reason="",
                port=1,
                pid=1,
                created="",
                modified="",
            ).write(directory)
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "demo", deploy_and_interrupt)
    (tmp_path / "endpoints" / "digits").mkdir(parents=True)
    with locked(tmp_path / "endpoints" / "digits" / LOCK_FILE):
        assert main(["demo", "--root", str(tmp_path)]) == 130
    assert capsys.readouterr().err == (
        "\nEndpoint 'digits' goes on running; end it with "
        f"'pipelines endpoints stop digits --root {shlex.quote(str(tmp_path))}'.\n"
        "pipelines: Interrupted.\n"
    )


def test_a_full_disk_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the machine refuses is one sentence; what only we can have done wrong is raised."""
    errors = [OSError(errno.ENOSPC, "No space left on device"), FileNotFoundError(errno.ENOENT, "")]

    def write(_: object) -> int:
        raise errors.pop(0)

    monkeypatch.setattr(definitions, "_list", write)
    assert main(["list"]) == 1
    assert capsys.readouterr().err == (
        "pipelines: A file cannot be read or written: [Errno 28] No space left on device.\n"
    )
    with pytest.raises(FileNotFoundError):
        main(["list"])
