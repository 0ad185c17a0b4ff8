"""Which source files a script ships with: the first-party modules that it imports, directly or not.

A bundle mirrors the repository's import paths (`steps/train/script.py`, `inference/model.py`), so
that a script runs with its bundle alone on the path. It is named by its content: editing Evaluate
changes no other bundle.
"""

import ast
import gzip
import hashlib
import importlib.util
import io
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from steps.errors import BundleError

ROOT = Path(__file__).resolve().parent.parent
FIRST_PARTY = frozenset({"inference", "monitoring", "steps"})
PROMISED = frozenset({"PIL", "numpy", "sagemaker_inference", "torch", "torchvision"})
"""Third-party modules that the container images hold."""

ARCHIVE_NAME = "sourcedir.tar.gz"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The source files of one script."""

    step: str
    """Folder of the script under `steps/`."""
    files: Mapping[str, bytes]
    """Content by path, relative to the bundle's root, sorted."""

    @property
    def digest(self) -> str:
        """SHA-256 over the paths and contents, each after its length: 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for path, content in self.files.items():
            for part in (path.encode(), content):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
        return digest.hexdigest()

    def archive(self) -> bytes:
        """The bundle as a `tar.gz` without times, owners or any other trace of this machine."""
        buffer = io.BytesIO()
        with (
            gzip.GzipFile(fileobj=buffer, mode="wb", filename="", mtime=0) as compressed,
            tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for path, content in self.files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()


def bundle(step: str, root: Path = ROOT) -> Bundle:
    """The bundle of `steps/<step>/script.py`.

    Args:
        step: Folder under `steps/`.
        root: Folder that holds the first-party packages.

    Raises:
        BundleError: The script is missing, or imports a module that the images do not promise.
    """
    pending = [f"steps.{step}.script"]
    paths: set[Path] = set()
    while pending:
        module = pending.pop()
        path = _source_path(module, root)
        if path is None:
            raise BundleError(f"Module '{module}' has no source file under {root}; check its name.")
        if path not in paths:
            paths.add(path)
            pending.extend(_imports(module, path, root))
    relative = sorted((path.relative_to(root).as_posix(), path) for path in paths)
    return Bundle(step, {name: path.read_bytes() for name, path in relative})


def _source_path(module: str, root: Path) -> Path | None:
    base = root.joinpath(*module.split("."))
    candidates = (base / "__init__.py", base.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def _imports(module: str, path: Path, root: Path) -> Iterator[str]:
    """First-party modules that a module imports anywhere in its text, and its own packages."""
    yield from _parents(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            members = [f"{base}.{alias.name}" for alias in node.names]
            names = [base, *(name for name in members if _source_path(name, root) is not None)]
        else:
            continue
        for name in names:
            top = name.partition(".")[0]
            if top in FIRST_PARTY:
                yield name
                yield from _parents(name)
            elif top not in PROMISED and top not in sys.stdlib_module_names:
                raise BundleError(
                    f"{path.relative_to(root).as_posix()} imports '{top}', which the images do not "
                    f"promise. Promised: {', '.join(sorted(PROMISED))}."
                )


def _parents(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module
