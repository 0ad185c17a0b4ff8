"""Which source files a script ships with: the first-party modules that it imports, directly or not.

A bundle mirrors the repository's import paths (`steps/train/script.py`, `inference/model.py`), so
that a script runs with its bundle alone on the path. It is named by its content: editing Evaluate
changes no other bundle. Lambda functions ship in the same way.

Archives are not compressed: another version of zlib gives other bytes, and what is there already
is recognised by its bytes.
"""

import ast
import hashlib
import importlib.util
import io
import json
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from steps.errors import BundleError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where shipped code runs, and what it finds there."""

    first_party: frozenset[str]
    """Packages of this repository that may run there."""
    promised: frozenset[str]
    """Third-party modules that are there."""
    description: str


_IMAGES = _Place(
    first_party=frozenset({"inference", "monitoring", "steps"}),
    promised=frozenset({"PIL", "numpy", "sagemaker_inference", "torch", "torchvision"}),
    description="the images",
)
_LAMBDA = _Place(
    first_party=frozenset({"inference", "infrastructure", "monitoring", "steps"}),
    promised=frozenset({"boto3", "botocore"}),
    description="the runtimes of AWS Lambda",
)

ARCHIVE_NAME = "sourcedir.tar.gz"


_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip archive can hold."""
_READABLE_FILE = 0o100644
_UNIX = 3
"""As an entry of a zip archive tells it."""
_MAX_STORED_BYTES = 0xFFFF


@dataclass(frozen=True, slots=True)
class Bundle:
    """The source files of one script or function."""

    name: str
    """Folder of the script under `steps/`, or of the function under `infrastructure/functions/`."""
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
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path, content in self.files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return _gzip(buffer.getvalue())

    def zip_archive(self) -> bytes:
        """The bundle as a zip archive, which Lambda takes, likewise without any trace."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, content in self.files.items():
                entry = zipfile.ZipInfo(path, _EARLIEST)
                entry.create_system = _UNIX
                entry.external_attr = _READABLE_FILE << 16
                archive.writestr(entry, content)
        return buffer.getvalue()

    @property
    def file_digests(self) -> dict[str, str]:
        """SHA-256 of each file, by its path."""
        return {path: hashlib.sha256(content).hexdigest() for path, content in self.files.items()}

    def manifest(self) -> bytes:
        """JSON of the files' digests."""
        return f"{json.dumps(self.file_digests, indent=2, sort_keys=True)}\n".encode()


def bundle(step: str, root: Path = ROOT) -> Bundle:
    """The bundle of `steps/<step>/script.py`.

    Args:
        step: Folder under `steps/`.
        root: Folder that holds the first-party packages.

    Raises:
        BundleError: The script is missing, or imports a module that the images do not promise.
    """
    return Bundle(step, _closure(f"steps.{step}.script", root, _IMAGES))


def function_bundle(folder: str, root: Path = ROOT) -> Bundle:
    """The bundle of `infrastructure/functions/<folder>/handler.py`.

    Args:
        folder: Folder under `infrastructure/functions/`.
        root: Folder that holds the first-party packages.

    Raises:
        BundleError: The handler is missing, or imports a module that Lambda does not promise.

    Source: AWS Lambda Developer Guide, "Working with .zip file archives for Python Lambda
    functions", "Runtime dependencies in Python",
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
    """
    return Bundle(folder, _closure(f"infrastructure.functions.{folder}.handler", root, _LAMBDA))


def _closure(module: str, root: Path, place: _Place) -> dict[str, bytes]:
    pending = [module]
    paths: set[Path] = set()
    while pending:
        name = pending.pop()
        path = _source_path(name, root)
        if path is None:
            raise BundleError(f"Module '{name}' has no source file under {root}; check its name.")
        if path not in paths:
            paths.add(path)
            pending.extend(_imports(name, path, root, place))
    relative = sorted((path.relative_to(root).as_posix(), path) for path in paths)
    return {name: path.read_bytes() for name, path in relative}


def _source_path(module: str, root: Path) -> Path | None:
    base = root.joinpath(*module.split("."))
    candidates = (base / "__init__.py", base.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def _imports(module: str, path: Path, root: Path, place: _Place) -> Iterator[str]:
    """First-party modules that a module may import when it runs, and its own packages."""
    yield from _parents(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in _executable(ast.parse(path.read_text(encoding="utf-8"), str(path))):
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
            if top in place.first_party:
                yield name
                yield from _parents(name)
            elif top not in place.promised and top not in sys.stdlib_module_names:
                raise BundleError(
                    f"{path.relative_to(root).as_posix()} imports '{top}', which "
                    f"{place.description} do not promise. "
                    f"Promised: {', '.join(sorted(place.promised))}."
                )


def _executable(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module, less what only type checkers read."""
    yield node
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            children: Iterable[ast.AST] = node.orelse
        case _:
            children = ast.iter_child_nodes(node)
    for child in children:
        yield from _executable(child)


def _parents(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def _gzip(content: bytes) -> bytes:
    """Content as a gzip file whose blocks are stored as they are.

    Sources: RFC 1951, section 3.2.4, "Non-compressed blocks"; RFC 1952, section 2.3, "Member
    format", https://www.rfc-editor.org/rfc/rfc1952
    """
    parts = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"]  # No name, no time, no system.
    for start in range(0, max(len(content), 1), _MAX_STORED_BYTES):
        block = content[start : start + _MAX_STORED_BYTES]
        is_last = start + _MAX_STORED_BYTES >= len(content)
        parts += [struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF), block]
    parts.append(struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF))
    return b"".join(parts)
