"""Tests of pipelines.local.store."""

import errno
import stat
from pathlib import Path

import pytest

from pipelines.local.errors import StorageError
from pipelines.local.store import LocalStore, join
from tests.unit.pipelines.local.definitions import full_disk


def test_an_object_is_a_read_only_file_under_its_key(store: LocalStore, root: Path) -> None:
    """`s3://bucket/a/b` is `<root>/s3/bucket/a/b`, and nobody writes it by accident."""
    store.put_bytes("s3://bucket/a/b", b"one")
    store.put_bytes("s3://bucket/a/b", b"two")

    path = root / "s3" / "bucket" / "a" / "b"
    assert path.read_bytes() == store.read_bytes("s3://bucket/a/b") == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        pytest.param("s3://bucket/data", ["2/c", "a", "deep/b"], id="text-and-not-folder"),
        pytest.param("s3://bucket/data/", ["a", "deep/b"], id="folder"),
        pytest.param("s3://bucket/data/a", ["a"], id="object"),
        pytest.param("s3://bucket/da", ["ta/a", "ta/deep/b", "ta2/c"], id="part-of-a-name"),
        pytest.param("s3://bucket", ["data/a", "data/deep/b", "data2/c", "top"], id="bucket"),
        pytest.param("s3://bucket/none", [], id="nothing"),
        pytest.param("s3://elsewhere/none/", [], id="no-bucket"),
    ],
)
def test_a_prefix_is_text(store: LocalStore, prefix: str, names: list[str]) -> None:
    """A prefix names every key that starts with it."""
    for key in ("data/a", "data/deep/b", "data2/c", "top"):
        store.put_bytes(f"s3://bucket/{key}", b"")

    assert store.names(prefix) == names


def test_inputs_are_links_to_the_objects(store: LocalStore, tmp_path: Path) -> None:
    """A job finds each object under its name, and nothing is copied."""
    store.put_bytes("s3://bucket/data/x/a", b"a")
    store.put_bytes("s3://bucket/data/b", b"b")

    names = store.link_inputs("s3://bucket/data", tmp_path / "input")

    assert names == ["b", "x/a"]
    assert (tmp_path / "input" / "x" / "a").read_bytes() == b"a"
    assert (tmp_path / "input" / "b").samefile(store.path("s3://bucket/data/b"))
    assert not (tmp_path / "input" / "b").is_symlink()


def test_a_manifest_lists_what_is_linked(store: LocalStore, tmp_path: Path) -> None:
    """Each object has the name that the manifest gives it; a host gets its share of the list."""
    for key in ("x/a", "x/b", "c", "d"):
        store.put_bytes(f"s3://bucket/data/{key}", key.encode())
    listed = b'[{"prefix": "s3://bucket/data/"}, "x/a", "x/b", "c"]'
    store.put_bytes("s3://bucket/manifests/1.json", listed)

    store.link_manifest("s3://bucket/manifests/1.json", tmp_path / "input")
    share = store.link_manifest("s3://bucket/manifests/1.json", tmp_path / "share", shard=(1, 2))

    files = [path for path in (tmp_path / "input").rglob("*") if path.is_file()]
    names = {path.relative_to(tmp_path / "input").as_posix() for path in files}
    assert names == {"c", "x/a", "x/b"}
    assert (tmp_path / "input/x/a").samefile(store.path("s3://bucket/data/x/a"))
    assert share == ["x/b"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("{", "cannot be used: Expecting property name", id="json"),
        pytest.param(
            '["a"]', "cannot be used: it is no list of a prefix and one name or more.", id="prefix"
        ),
        pytest.param(
            '[{"prefix": "s3://bucket/"}]',
            "cannot be used: it is no list of a prefix and one name or more.",
            id="empty",
        ),
        pytest.param(
            '[{"prefix": "s3://bucket/a"}, "/etc/passwd"]',
            'cannot be used: it lists "/etc/passwd", which is no rest of a key.',
            id="absolute",
        ),
        pytest.param(
            '[{"prefix": "s3://bucket/a/"}, 1]',
            "cannot be used: it lists 1, which is no rest of a key.",
            id="number",
        ),
        pytest.param(
            '[{"prefix": "s3://bucket/a/"}, "../../x"]',
            "The key of 's3://bucket/a/../../x' leaves its bucket; expected one without '..'.",
            id="dots",
        ),
        pytest.param(
            '[{"prefix": "s3://bucket/a/"}, "b"]',
            "lists 's3://bucket/a/b', which is not in the local store (",
            id="missing",
        ),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(
    store: LocalStore, tmp_path: Path, content: str, problem: str
) -> None:
    """What it lists must be there, and in the bucket."""
    store.put_bytes("s3://bucket/manifest.json", content.encode())

    with pytest.raises(StorageError) as error:
        store.link_manifest("s3://bucket/manifest.json", tmp_path / "input")

    assert problem in str(error.value)
    assert not (tmp_path / "input").exists()


def test_objects_that_cannot_be_linked_hard_are_linked_softly(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job's folder on another file system has symbolic links."""
    store.put_bytes("s3://bucket/data/a", b"a")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, f"{self} {target}")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    store.link_inputs("s3://bucket/data", tmp_path / "far")

    assert (tmp_path / "far" / "a").readlink() == store.path("s3://bucket/data/a")


@pytest.fixture
def linked(store: LocalStore, tmp_path: Path) -> Path:
    """A folder of the user's as s3://bucket/raw: a file, links to it, and links to nowhere."""
    folder = tmp_path / "user"
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_text("a")
    (folder / "a").chmod(0o640)
    (folder / "b").symlink_to("a")
    (folder / "deep" / "c").symlink_to("../a")
    (folder / "gone").symlink_to("nowhere")
    (folder / "deep" / "gone").symlink_to("nowhere")
    store.link(folder, "s3://bucket/raw")
    return folder


@pytest.mark.parametrize("prefix", ["s3://bucket/raw", "s3://bucket/raw/"])
def test_inputs_from_a_linked_folder_are_copies(
    store: LocalStore, linked: Path, tmp_path: Path, prefix: str
) -> None:
    """A job may write its inputs and store them as outputs: the user's files stay as they are."""
    names = store.link_inputs(prefix, tmp_path / "input")
    inputs = [tmp_path / "input" / name for name in names]
    texts = [path.read_text() for path in inputs]
    for path in inputs:
        path.write_text("changed")
    store.move_tree(tmp_path / "input", "s3://bucket/out")

    assert names == ["a", "b", "deep/c"]
    assert texts == ["a"] * 3
    assert (linked / "a").read_text() == "a"
    assert stat.S_IMODE((linked / "a").stat().st_mode) == 0o640


def test_links_that_lead_nowhere_are_no_objects(store: LocalStore, linked: Path) -> None:
    """Listings leave them out, below the prefix and below its folders."""
    assert linked.joinpath("gone").is_symlink()
    assert store.names("s3://bucket/raw/") == store.names("s3://bucket/raw") == ["a", "b", "deep/c"]


@pytest.mark.parametrize("key", ["a", "deep/new", "other/new"])
def test_nothing_is_written_into_a_linked_folder(
    store: LocalStore, linked: Path, tmp_path: Path, key: str
) -> None:
    """Objects, files that move in and a folder for a job are refused below such a prefix."""
    output = tmp_path / "output"
    output.write_text("new")
    uri = f"s3://bucket/raw/{key}"
    writes = [
        lambda: store.put_bytes(uri, b"new"),
        lambda: store.put_file(output, uri),
        lambda: store.move_file(output, uri),
        lambda: store.folder(f"{uri.rpartition('/')[0]}/"),
    ]

    messages = []
    for write in writes:
        with pytest.raises(StorageError) as error:
            write()
        messages.append(str(error.value).partition(" is in ")[2])

    assert set(messages) == {
        f"the folder '{(linked / key).parent}', which is only linked into the local store; write "
        "to another prefix."
    }
    assert (linked / "a").read_text() == "a"
    assert not (linked / "other").exists()


def test_a_folder_of_the_store_is_for_writing(store: LocalStore) -> None:
    """What a job writes there are objects below the prefix."""
    (store.folder("s3://bucket/checkpoints/x/") / "state").write_text("1")

    assert store.read_bytes("s3://bucket/checkpoints/x/state") == b"1"


def test_shards_share_the_objects(store: LocalStore, tmp_path: Path) -> None:
    """With two hosts each object goes to exactly one of them."""
    for name in "abcde":
        store.put_bytes(f"s3://bucket/data/{name}", b"")

    shards = [
        store.link_inputs("s3://bucket/data", tmp_path / str(index), shard=(index, 2))
        for index in range(2)
    ]

    assert shards == [["a", "c", "e"], ["b", "d"]]
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == ["b", "d"]


def test_an_empty_input_is_an_error(store: LocalStore, tmp_path: Path) -> None:
    """As on SageMaker, a job whose input prefix has no object fails."""
    with pytest.raises(StorageError) as error:
        store.link_inputs("s3://bucket/none", tmp_path / "input")

    path = store.path("s3://bucket/none")
    assert str(error.value) == (
        f"No object has the prefix 's3://bucket/none' in the local store ({path})."
    )


def test_outputs_are_moved_without_links(store: LocalStore, tmp_path: Path) -> None:
    """Files move below the prefix; a symbolic link is no output."""
    output = tmp_path / "output"
    (output / "deep").mkdir(parents=True)
    (output / "deep" / "a").write_text("a")
    (output / "b").write_text("b")
    (output / "link").symlink_to(output / "b")

    moved = store.move_tree(output, "s3://bucket/out/")

    assert moved == 2
    assert store.names("s3://bucket/out") == ["b", "deep/a"]
    assert [path.name for path in output.rglob("*") if path.is_file()] == []


def test_a_file_from_another_file_system_is_copied(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file cannot be renamed into the store it is copied, and then gone."""
    source = tmp_path / "source"
    source.write_text("text")
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self == source:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)

    store.move_file(source, "s3://bucket/a")

    assert (store.read_bytes("s3://bucket/a"), source.exists()) == (b"text", False)


def test_a_file_that_cannot_be_moved_is_an_error(store: LocalStore, tmp_path: Path) -> None:
    """Another failure than crossing file systems is not hidden by a copy."""
    with pytest.raises(FileNotFoundError):
        store.move_file(tmp_path / "nowhere", "s3://bucket/a")


def test_a_folder_of_the_user_can_be_a_prefix(store: LocalStore, tmp_path: Path) -> None:
    """Files of a linked folder are objects, later ones too; linking again changes the folder."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        (folder / "cat").mkdir(parents=True)
        (folder / "cat" / f"{folder.name}.png").touch()

    store.link(first, "s3://bucket/raw/")
    store.link(first, "s3://bucket/raw")
    (first / "new").touch()
    names = store.names("s3://bucket/raw")
    store.link(second, "s3://bucket/raw")

    assert names == ["cat/first.png", "new"]
    assert store.names("s3://bucket/raw") == ["cat/second.png"]


def test_linking_needs_a_folder_and_an_unused_prefix(store: LocalStore, tmp_path: Path) -> None:
    """What is no folder, and a prefix that holds objects, is refused."""
    store.put_bytes("s3://bucket/raw/a", b"")

    with pytest.raises(StorageError) as missing:
        store.link(tmp_path / "nowhere", "s3://bucket/raw")
    with pytest.raises(StorageError) as used:
        store.link(tmp_path, "s3://bucket/raw")

    assert str(missing.value) == (
        f"'{tmp_path / 'nowhere'}' is not a folder; it cannot be linked as 's3://bucket/raw'."
    )
    assert str(used.value) == (
        f"'s3://bucket/raw' holds objects already; link '{tmp_path}' to an unused prefix."
    )


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        pytest.param(
            "http://bucket/a",
            "'http://bucket/a' is not an S3 URI; expected s3://<bucket>/<key>.",
            id="scheme",
        ),
        pytest.param(
            "s3://bucket/a/../../x",
            "The key of 's3://bucket/a/../../x' leaves its bucket; expected one without '..'.",
            id="dots",
        ),
        pytest.param(
            "s3://bucket//etc/passwd",
            "The key of 's3://bucket//etc/passwd' leaves its bucket; expected one without '..'.",
            id="absolute",
        ),
    ],
)
def test_addresses_outside_the_store_are_refused(store: LocalStore, uri: str, message: str) -> None:
    """A URI names a file in the store or none at all."""
    with pytest.raises(StorageError) as error:
        store.path(uri)

    assert str(error.value) == message


def test_a_prefix_is_not_an_object(store: LocalStore) -> None:
    """Reading a prefix, and writing an object of its name, are errors."""
    store.put_bytes("s3://bucket/a/b", b"")
    path = store.path("s3://bucket/a")

    with pytest.raises(StorageError) as reading:
        store.read_bytes("s3://bucket/a")
    with pytest.raises(StorageError) as writing:
        store.put_bytes("s3://bucket/a", b"")

    assert str(reading.value) == f"There is no object 's3://bucket/a' in the local store ({path})."
    assert str(writing.value) == (
        f"'{path}' is a prefix with objects below it; the local store cannot hold an object of the "
        "same name."
    )


def test_a_full_disk_gets_no_fuller(store: LocalStore, root: Path, tmp_path: Path) -> None:
    """What could be written of an object is removed."""
    (tmp_path / "large").write_bytes(bytes(11))

    with full_disk():
        with pytest.raises(OSError, match="File too large"):
            store.put_bytes("s3://bucket/a", bytes(11))
        with pytest.raises(OSError, match="File too large"):
            store.put_file(tmp_path / "large", "s3://bucket/a")

    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_join_adds_one_slash() -> None:
    """A prefix may end with a slash or not."""
    assert join("s3://b/a/", "x") == join("s3://b/a", "x") == "s3://b/a/x"
