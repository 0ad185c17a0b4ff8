"""Source bundles: what ships, under which name."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from steps.bundle import ROOT, Bundle, bundle, function_bundle
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


def test_what_only_type_checkers_read_ships_not(tmp_path: Path) -> None:
    """An import for annotations is neither followed nor refused; that of the other case is."""
    text = (
        "if TYPE_CHECKING:\n    import pandas\n    from inference.other import x\n"
        "else:\n    from inference.blend import mix\n"
    )
    shipped = bundle("paint", _write(tmp_path, {**SCRIPT, "steps/paint/script.py": text}))
    assert "inference/other.py" not in shipped.files
    assert "inference/blend.py" in shipped.files


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
    zipped = shipped.zip_archive()
    assert zipped == again.zip_archive()
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == dict(shipped.files)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


@pytest.mark.parametrize("size", [0, 1, 0xFFFF, 0x10000, 200_000])
def test_archives_hold_what_does_not_fit_into_one_block(size: int) -> None:
    """Any gzip reads an archive of any size, although nothing in it is compressed."""
    content = bytes(range(256)) * (size // 256 + 1)
    archive = Bundle("a", {"a.py": content[:size]}).archive()
    assert content[:size] in gzip.decompress(archive)
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        member = opened.extractfile("a.py")
        assert member is not None
        assert member.read() == content[:size]


def test_a_manifest_tells_files_apart() -> None:
    """It lists the SHA-256 of each file's content."""
    assert json.loads(Bundle("a", {"b.py": b"1", "a.py": b""}).manifest()) == {
        "a.py": hashlib.sha256(b"").hexdigest(),
        "b.py": hashlib.sha256(b"1").hexdigest(),
    }


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


FUNCTION = {
    "infrastructure/__init__.py": "",
    "infrastructure/functions/__init__.py": "",
    "infrastructure/functions/clock.py": "from datetime import UTC\n",
    "infrastructure/functions/other.py": "",
    "infrastructure/functions/tidy/__init__.py": "",
    "infrastructure/functions/tidy/handler.py": (
        "import boto3\nfrom infrastructure.functions.clock import UTC\n"
    ),
}


def test_a_function_ships_what_its_handler_imports(tmp_path: Path) -> None:
    """The closure of a handler may hold what functions share, and nothing unused."""
    shipped = function_bundle("tidy", _write(tmp_path, FUNCTION))
    assert shipped.name == "tidy"
    assert list(shipped.files) == [
        "infrastructure/__init__.py",
        "infrastructure/functions/__init__.py",
        "infrastructure/functions/clock.py",
        "infrastructure/functions/tidy/__init__.py",
        "infrastructure/functions/tidy/handler.py",
    ]


def test_a_function_cannot_import_what_lambda_lacks(tmp_path: Path) -> None:
    """Lambda has boto3 and no numeric library."""
    handler = "infrastructure/functions/tidy/handler.py"
    root = _write(tmp_path, {**FUNCTION, handler: "import numpy\n"})
    with pytest.raises(BundleError) as caught:
        function_bundle("tidy", root)
    assert str(caught.value) == (
        f"{handler} imports 'numpy', which the runtimes of AWS Lambda do not promise. "
        "Promised: boto3, botocore."
    )


FUNCTIONS = sorted(
    path.parent.name for path in (ROOT / "infrastructure" / "functions").glob("*/handler.py")
)


def test_each_function_runs_with_its_bundle_alone(tmp_path: Path) -> None:
    """An isolated interpreter imports each handler out of its archive, and boto3 beside it."""
    archives = []
    for folder in FUNCTIONS:
        archive = tmp_path / f"{folder}.zip"
        archive.write_bytes(function_bundle(folder).zip_archive())
        archives.append(str(archive))
    program = (
        "import importlib, pathlib, sys\n"
        "import boto3\n"
        "repository, *archives = sys.argv[1:]\n"
        "sys.path = [p for p in sys.path if p != repository]\n"
        "first_party = ('infrastructure', 'inference', 'monitoring', 'steps')\n"
        "for archive in archives:\n"
        "    sys.path.insert(0, archive)\n"
        "    folder = pathlib.Path(archive).stem\n"
        "    module = importlib.import_module(f'infrastructure.functions.{folder}.handler')\n"
        "    assert callable(module.handler)\n"
        "    ours = [m for m in sys.modules if m.split('.')[0] in first_party]\n"
        "    assert all((sys.modules[m].__file__ or '').startswith(archive) for m in ours), ours\n"
        "    for name in ours:\n"
        "        del sys.modules[name]\n"
        "    sys.path.remove(archive)\n"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", program, str(ROOT), *archives],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
