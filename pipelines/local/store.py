"""Keeps the objects of S3 URIs in a folder: `s3://bucket/key` is the file `<root>/s3/bucket/key`.

Objects are read-only files. A job reads them through links, and its outputs are moved in, so that
nothing is copied. A prefix can also be a folder of the user's: nobody writes there, and a job reads
copies, so that the user's files stay as they are whatever the job does.

A prefix is a string as in S3 and not a folder: `s3://bucket/da` names `data/x` too.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.local.errors import StorageError

_URI = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{2,62})(?:/(?P<key>.*))?", re.DOTALL)


class LocalStore:
    """The object store of one root folder."""

    def __init__(self, root: Path) -> None:
        """Use `root`, the folder that also holds the executions and the model packages."""
        self._buckets = (root / "s3").resolve()

    def path(self, uri: str) -> Path:
        """Where the object `uri` is, or would be, on this machine.

        Raises:
            StorageError: The text is not an S3 URI, or its key leaves the bucket.
        """
        match = _URI.fullmatch(uri)
        if match is None:
            raise StorageError(f"'{uri}' is not an S3 URI; expected s3://<bucket>/<key>.")
        key = match["key"] or ""
        if key.startswith("/") or ".." in key.split("/"):
            raise StorageError(f"The key of '{uri}' leaves its bucket; expected one without '..'.")
        return self._buckets / match["bucket"] / key

    def read_bytes(self, uri: str) -> bytes:
        """Content of one object.

        Raises:
            StorageError: There is no such object.
        """
        path = self.path(uri)
        if uri.endswith("/") or not path.is_file():
            raise StorageError(f"There is no object '{uri}' in the local store ({path}).")
        return path.read_bytes()

    def put_bytes(self, uri: str, data: bytes) -> None:
        """Write one object; readers see the old content or the new one."""
        target = self._target(uri)
        with self._incoming() as temporary:
            temporary.write_bytes(data)
            self._place(temporary, target)

    def put_bytes_if(self, uri: str, data: bytes, *, digest: str | None) -> bool:
        """Write one object if it is still the one that the writer knows.

        Args:
            uri: The object.
            data: Its new content.
            digest: `content_digest` of what must be there; None for nothing.

        Returns:
            Whether it was written; False where something else is there.
        """
        with (self._temporary_dir() / "conditional").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            path = self.path(uri)
            found = content_digest(path.read_bytes()) if path.is_file() else None
            if found == digest:
                self.put_bytes(uri, data)
            return found == digest

    def put_file(self, path: Path, uri: str) -> None:
        """Copy a file into the store as the object `uri`."""
        target = self._target(uri)
        with self._incoming() as temporary:
            shutil.copyfile(path, temporary)
            self._place(temporary, target)

    def move_file(self, path: Path, uri: str) -> None:
        """Move a file into the store as the object `uri`."""
        target = self._target(uri)
        try:
            self._place(path, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self.put_file(path, uri)  # From another file system.
            path.unlink()

    def move_tree(self, directory: Path, uri: str) -> int:
        """Move every file below a folder into the store, under the prefix `uri`.

        Symbolic links stay behind, as SageMaker uploads none.

        Returns:
            How many files were moved.
        """
        files = list(_files_below(directory))
        for file in files:
            name = file.relative_to(directory).as_posix()
            self.move_file(file, join(uri, name))
        return len(files)

    def folder(self, uri: str) -> Path:
        """The folder that is the prefix `uri`, for a job to write into; it is created.

        Raises:
            StorageError: It is in a folder of the user's.
        """
        directory = self._target(join(uri, "_")).parent
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def link(self, directory: Path, uri: str) -> None:
        """Let the prefix `uri` be a folder of the user's, which stays where and as it is.

        Raises:
            StorageError: The folder does not exist, or the prefix holds objects already.
        """
        if not directory.is_dir():
            raise StorageError(f"'{directory}' is not a folder; it cannot be linked as '{uri}'.")
        target = self.path(uri.rstrip("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() and target.resolve() == directory.resolve():
            return
        temporary = Path(tempfile.mkdtemp(dir=self._temporary_dir())) / target.name
        temporary.symlink_to(directory.resolve(), target_is_directory=True)
        try:
            if target.exists() and not target.is_symlink():
                raise StorageError(
                    f"'{uri}' holds objects already; link '{directory}' to an unused prefix."
                )
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
            temporary.parent.rmdir()

    def names(self, prefix: str) -> list[str]:
        """Names of the objects below a prefix, relative to it and sorted.

        A job finds each object under this name in its input folder. The prefix may also be an
        object itself, whose name is the last part of its key.
        """
        return [name for name, _ in self.objects(prefix)]

    def link_inputs(
        self, prefix: str, directory: Path, *, shard: tuple[int, int] = (0, 1)
    ) -> list[str]:
        """Let a folder hold the objects below a prefix: as links, or as copies of the user's files.

        Args:
            prefix: An object or a prefix.
            directory: Folder to fill; it is created.
            shard: `(index, number)` of this host: it gets every `number`-th object, as with
                S3DataDistributionType ShardedByS3Key.

        Returns:
            The names that the folder holds.

        Raises:
            StorageError: The prefix holds no object at all.
        """
        objects = self.objects(prefix)
        if not objects:
            raise StorageError(
                f"No object has the prefix '{prefix}' in the local store ({self.path(prefix)})."
            )
        return self._link_objects(objects, directory, shard)

    def link_manifest(
        self, uri: str, directory: Path, *, shard: tuple[int, int] = (0, 1)
    ) -> list[str]:
        """Let a folder hold the objects that a manifest lists; otherwise as `link_inputs`.

        Args:
            uri: The manifest, a JSON list: `{"prefix": "s3://..."}`, then the rest of each key.
            directory: Folder to fill; each object has there the name that the manifest gives it.
            shard: As in `link_inputs`.

        Raises:
            StorageError: There is no manifest, or it is not of this form, or an object that it
                lists does not exist.

        Source:
            Amazon SageMaker AI API Reference, S3DataSource, S3DataType,
            https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
        """
        return self._link_objects(self._manifest(uri), directory, shard)

    def _manifest(self, uri: str) -> list[tuple[str, Path]]:
        """The objects that a manifest lists: their names in it, and the files."""
        try:
            prefix, names = _parse_manifest(self.read_bytes(uri))
        except ValueError as error:
            raise StorageError(f"The manifest '{uri}' cannot be used: {error}.") from error
        objects = [(name, self.path(prefix + name)) for name in names]
        for name, path in objects:
            if not path.is_file():
                raise StorageError(
                    f"The manifest '{uri}' lists '{prefix}{name}', which is not in the local "
                    f"store ({path})."
                )
        return objects

    def _link_objects(
        self, objects: list[tuple[str, Path]], directory: Path, shard: tuple[int, int]
    ) -> list[str]:
        index, number = shard
        directory.mkdir(parents=True, exist_ok=True)
        parents = {directory}
        is_own: dict[Path, bool] = {}
        for name, path in objects[index::number]:
            target = directory / name
            if target.parent not in parents:
                target.parent.mkdir(parents=True, exist_ok=True)
                parents.add(target.parent)
            if path.parent not in is_own:
                is_own[path.parent] = self._is_own(path.parent)
            if is_own[path.parent] and not path.is_symlink():
                _link(path, target)
            else:
                shutil.copyfile(path, target)
        return [name for name, _ in objects[index::number]]

    def objects(self, prefix: str) -> list[tuple[str, Path]]:
        """The objects below a prefix, sorted: the names of `names`, and the files."""
        path = self.path(prefix)
        has_key = path.parent != self._buckets
        if has_key and not prefix.endswith("/"):
            if path.is_file():
                return [(path.name, path)]
            folder, start = path.parent, path.name
        else:
            folder, start = path, ""
        objects: list[tuple[str, Path]] = []
        for entry in folder.iterdir() if folder.is_dir() else ():
            if not entry.name.startswith(start):
                continue
            rest = entry.name[len(start) :]
            if entry.is_dir():
                below = _names_below(entry)
                objects.extend((f"{rest}/{name}".lstrip("/"), entry / name) for name in below)
            elif entry.is_file():
                objects.append((rest, entry))
        return sorted(objects)

    def _is_own(self, folder: Path) -> bool:
        """Whether the files of a folder are the store's, and not those of a linked folder."""
        return folder.resolve().is_relative_to(self._buckets)

    def _target(self, uri: str) -> Path:
        """Where to write the object `uri`; the folder is there."""
        target = self.path(uri)
        if not self._is_own(target.parent):
            raise StorageError(
                f"'{uri}' is in the folder '{target.parent.resolve()}', which is only linked into "
                "the local store; write to another prefix."
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _place(self, temporary: Path, target: Path) -> None:
        if target.is_dir():
            raise StorageError(
                f"'{target}' is a prefix with objects below it; the local store cannot hold an "
                "object of the same name."
            )
        temporary.chmod(0o444)
        temporary.replace(target)

    @contextmanager
    def _incoming(self) -> Iterator[Path]:
        """A file for what is to become an object; nothing of it stays where that fails."""
        descriptor, name = tempfile.mkstemp(dir=self._temporary_dir())
        os.close(descriptor)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _temporary_dir(self) -> Path:
        # No bucket has this name, because bucket names start with a letter or a digit.
        directory = self._buckets / ".incoming"
        directory.mkdir(parents=True, exist_ok=True)
        return directory


def content_digest(data: bytes) -> str:
    """MD5 of an object's content in hexadecimal digits, which S3 calls its entity tag."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def join(prefix: str, name: str) -> str:
    """The URI of `name` below a prefix, whether or not the prefix ends with a slash."""
    return f"{prefix.rstrip('/')}/{name}"


def _parse_manifest(content: bytes) -> tuple[str, list[str]]:
    """The prefix of a manifest and the rest of each key; a ValueError says what is wrong."""
    match json.loads(content):
        case [{"prefix": str(prefix)}, *names] if names:
            for name in names:
                if not isinstance(name, str) or not name or name.startswith("/"):
                    raise ValueError(f"it lists {json.dumps(name)}, which is no rest of a key")
            return prefix, names
    raise ValueError("it is no list of a prefix and one name or more")


def _link(path: Path, link: Path) -> None:
    """Let `link` be the file `path` too.

    A hard link is a plain file to the job, as on SageMaker, and is made several times faster than a
    symbolic one, which it gets where it is on another file system.
    """
    try:
        link.hardlink_to(path)
    except OSError:
        link.symlink_to(path)


def _files_below(directory: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(directory):
        for name in sorted(names):
            path = Path(folder, name)
            if not path.is_symlink():
                yield path


def _names_below(directory: Path) -> Iterator[str]:
    for folder, _, names in os.walk(directory, followlinks=True):
        relative = os.path.relpath(folder, directory)
        for name in names:
            if Path(folder, name).is_file():  # A link that leads nowhere is no object.
                yield name if relative == "." else f"{relative}/{name}"
