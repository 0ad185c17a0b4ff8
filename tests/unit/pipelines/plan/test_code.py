"""Tests of pipelines.plan.code."""

from pipelines.plan.code import CodeChange, FileChange, code_changes, named_code, with_new_code
from pipelines.plan.verb import Verb

OLD, NEW = "a" * 64, "b" * 64
URI = "s3://bucket/dogs/code/train"
ARN = "arn:aws:lambda:us-east-1:111122223333:function:my-dogs-select_window:code"


def test_code_is_found_wherever_it_is_named() -> None:
    """Bundles are named in URIs, functions in ARNs, at any depth and in expressions."""
    value = {
        "a": [f"{URI}/{OLD}/sourcedir.tar.gz", {"Std:Join": {"Values": [f"{ARN}-0123456789ab"]}}],
        "b": f"s3://bucket/dogs/code/evaluate/{NEW}",
        "c": [f"s3://bucket/dogs/checkpoints/train/{NEW}", "code/train/short", 3, None],
    }
    assert named_code(value) == {"train": OLD, "select_window": "0123456789ab", "evaluate": NEW}


def test_changes_list_the_files() -> None:
    """Of both manifests: what came, went and changed; what stayed is left out."""
    manifests = {
        ("train", OLD): {"a.py": "1", "b.py": "2", "c.py": "3"},
        ("train", NEW): {"a.py": "1", "b.py": "9", "d.py": "4"},
    }
    old, new = {"x": f"{URI}/{OLD}"}, {"x": f"{URI}/{NEW}"}
    assert code_changes(old, new, manifests) == (
        CodeChange(
            name="train",
            old_digest=OLD,
            new_digest=NEW,
            files=(
                FileChange(verb=Verb.CHANGED, path="b.py"),
                FileChange(verb=Verb.REMOVED, path="c.py"),
                FileChange(verb=Verb.ADDED, path="d.py"),
            ),
        ),
    )
    assert code_changes(new, new, manifests) == ()
    assert code_changes({}, new, manifests) == ()


def test_files_of_a_bundle_without_a_manifest_are_unknown() -> None:
    """No list is made up where one side is not known."""
    [change] = code_changes(f"{URI}/{OLD}", f"{URI}/{NEW}", {("train", NEW): {}})
    assert change.files is None


def test_new_digests_stand_for_old_ones() -> None:
    """A value with the code replaced differs from the new one only where more changed."""
    old = {"a": f"{URI}/{OLD}", "b": [f"checkpoints/{OLD}", 1], "c": None}
    changes = code_changes(old, {"a": f"{URI}/{NEW}"}, {})
    assert with_new_code(old, changes) == {
        "a": f"{URI}/{NEW}",
        "b": [f"checkpoints/{NEW}", 1],
        "c": None,
    }
