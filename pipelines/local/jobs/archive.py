"""Packs a folder so that the same files give the same bytes, and unpacks source bundles."""

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


def unpack(data: bytes, directory: Path) -> None:
    """Extract a `.tar.gz` into a folder; members that would leave it are refused."""
    directory.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        archive.extractall(directory, filter="data")
