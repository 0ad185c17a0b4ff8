"""Packs a folder so that the same files give the same bytes, and unpacks bundles and models."""

import gzip
import io
import tarfile
from pathlib import Path

_COMPRESSION = 1  # Weights hardly compress: a higher level costs time and saves nothing.


def pack(directory: Path, target: Path) -> None:
    """Write the files below a folder into a `.tar.gz`: sorted, without times, owners or modes."""
    with (
        target.open("wb") as file,
        gzip.GzipFile(
            filename="", fileobj=file, mode="wb", compresslevel=_COMPRESSION, mtime=0
        ) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                member = tarfile.TarInfo(path.relative_to(directory).as_posix())
                member.size = path.stat().st_size
                with path.open("rb") as content:
                    archive.addfile(member, content)


def unpack(source: bytes | Path, directory: Path) -> None:
    """Extract a `.tar.gz` into a folder; members that would leave it are refused.

    Args:
        source: The archive, or the path of its file.
        directory: The folder; it is created.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (
        source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file,
        tarfile.open(fileobj=file, mode="r:gz") as archive,
    ):
        archive.extractall(directory, filter="data")
