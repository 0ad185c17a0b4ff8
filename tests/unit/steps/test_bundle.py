"""Source bundles: what ships, under which name."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from steps.bundle import Bundle, bundle
from steps.errors import BundleError


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


SCRIPT = {
    "steps/__init__.py": "",
    "steps/paint/__init__.py": "",
    "steps/paint/script.py": "import json\nfrom steps.paint import colours\n",
    "steps/paint/colours.py": "def mix():\n    from inference.blend import mix\n    return mix\n",
    "steps/paint/step.py": "import sagemaker\n",
    "inference/__init__.py": "",
    "inference/blend.py": "import numpy as np\nimport PIL.Image\n",
    "inference/other.py": "",
}


def test_a_bundle_is_the_import_closure(tmp_path: Path) -> None:
    """Modules imported anywhere in the text ship with their packages, and nothing else does."""
    shipped = bundle("paint", _write(tmp_path, SCRIPT))
    assert list(shipped.files) == [
        "inference/__init__.py",
        "inference/blend.py",
        "steps/__init__.py",
        "steps/paint/__init__.py",
        "steps/paint/colours.py",
        "steps/paint/script.py",
    ]


def test_only_a_shipped_change_changes_the_digest(tmp_path: Path) -> None:
    """Editing the declaration or an unused module leaves the digest as it is."""
    before = bundle("paint", _write(tmp_path, SCRIPT)).digest
    _write(tmp_path, {"steps/paint/step.py": "import boto3\n", "inference/other.py": "x = 1\n"})
    assert bundle("paint", tmp_path).digest == before
    _write(tmp_path, {"inference/blend.py": "import numpy\n"})
    assert bundle("paint", tmp_path).digest != before


def test_paths_and_contents_cannot_be_confused() -> None:
    """Moving a byte from a path to its content gives another digest."""
    assert Bundle("a", {"ab": b"c"}).digest != Bundle("a", {"a": b"bc"}).digest


def test_the_archive_has_no_trace_of_this_machine(tmp_path: Path) -> None:
    """Times, owners and the order of files never show in the archive."""
    shipped = bundle("paint", _write(tmp_path, SCRIPT))
    again = bundle("paint", _write(tmp_path / "elsewhere", dict(reversed(SCRIPT.items()))))
    assert shipped.archive() == again.archive()
    with tarfile.open(fileobj=io.BytesIO(shipped.archive())) as archive:
        assert archive.getnames() == list(shipped.files)
        assert {(entry.mtime, entry.uid, entry.uname) for entry in archive} == {(0, 0, "")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "import pandas\n",
            "steps/paint/script.py imports 'pandas', which the images do not promise. "
            "Promised: PIL, numpy, sagemaker_inference, torch, torchvision.",
            id="not promised",
        ),
        pytest.param(
            "import pipelines.cli\n",
            "steps/paint/script.py imports 'pipelines', which the images do not promise. "
            "Promised: PIL, numpy, sagemaker_inference, torch, torchvision.",
            id="host code",
        ),
    ],
)
def test_imports_that_cannot_ship_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """An import that the container could not resolve is found before anything runs."""
    with pytest.raises(BundleError) as caught:
        bundle("paint", _write(tmp_path, {**SCRIPT, "steps/paint/script.py": text}))
    assert str(caught.value) == message


def test_a_missing_first_party_module_is_refused(tmp_path: Path) -> None:
    """A first-party import without a source file is named."""
    root = _write(tmp_path, {**SCRIPT, "steps/paint/script.py": "import inference.gone\n"})
    with pytest.raises(BundleError) as caught:
        bundle("paint", root)
    assert str(caught.value) == (
        f"Module 'inference.gone' has no source file under {root}; check its name."
    )


@pytest.mark.parametrize(
    "step", ["preprocess", "train", "evaluate", "summarize_batch", "check_batch"]
)
def test_each_script_runs_with_its_bundle_alone(tmp_path: Path, step: str) -> None:
    """An isolated interpreter imports the script with nothing first-party but its bundle."""
    for name, content in bundle(step).files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    program = (
        "import importlib, sys\n"
        "root, repository, module = sys.argv[1:]\n"
        "sys.path = [root, *(p for p in sys.path if p != repository)]\n"
        "script = importlib.import_module(module)\n"
        "first_party = {'steps', 'inference', 'monitoring'}\n"
        "ours = [m for m in sys.modules if m.split('.')[0] in first_party]\n"
        "assert all((sys.modules[m].__file__ or '').startswith(root) for m in ours), ours\n"
        "assert not {'sagemaker', 'boto3', 'pipelines'} & set(sys.modules)\n"
    )
    repository = str(Path(__file__).resolve().parents[3])
    command = [sys.executable, "-I", "-c", program, str(tmp_path), repository]
    result = subprocess.run(
        [*command, f"steps.{step}.script"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
