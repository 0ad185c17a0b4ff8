"""Writing and reading the folder of an artifact."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import inference
from inference.artifact import (
    Artifact,
    ArtifactError,
    load_artifact,
    read_tensors,
    write_artifact,
    write_tensors,
)
from inference.model import build_classifier


def test_artifact_comes_back_as_written(artifact: Artifact, model_dir: Path) -> None:
    """Specification, labels and every tensor survive the folder, and the network is ready."""
    loaded = load_artifact(model_dir)
    assert (loaded.spec, loaded.labels) == (artifact.spec, artifact.labels)
    assert not loaded.network.training
    weights = loaded.network.state_dict()
    for name, tensor in artifact.network.state_dict().items():
        assert torch.equal(weights[name], tensor)


def test_equal_artifacts_are_equal_bytes(artifact: Artifact, tmp_path: Path) -> None:
    """Writing twice gives the same files with the same content, whatever the folder."""
    contents = []
    for name in ("first", "second"):
        write_artifact(tmp_path / name, artifact, {"history": [1.5]})
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        contents.append([(p.relative_to(tmp_path / name), p.read_bytes()) for p in files])
    assert contents[0] == contents[1]


def test_artifact_carries_the_code_that_serves_it(model_dir: Path) -> None:
    """`code/inference` holds the running package's modules, except the one that is for callers."""
    package = Path(str(inference.__file__)).parent
    sources = {path.name: path.read_bytes() for path in package.glob("*.py")}
    copies = (model_dir / "code" / "inference").iterdir()
    assert sources.pop("client.py")
    assert {path.name: path.read_bytes() for path in copies} == sources


def test_weights_that_are_views_are_written_alone(artifact: Artifact, tmp_path: Path) -> None:
    """A tensor is stored with its own memory, not with the larger one it is a view of."""
    head = artifact.network.head
    head.bias = torch.nn.Parameter(torch.zeros(1_000_000)[:3])
    write_artifact(tmp_path, artifact, {})
    assert (tmp_path / "weights.pt").stat().st_size < 1_000_000


def test_labels_that_do_not_fit_the_weights_are_an_error(model_dir: Path) -> None:
    """More labels than outputs is a mixed-up artifact."""
    (model_dir / "labels.json").write_text(json.dumps(["cat", "dog"]))
    with pytest.raises(ArtifactError) as caught:
        load_artifact(model_dir)
    assert str(caught.value) == (
        f"Artifact {model_dir} was written for architecture 'small_cnn' with 2 labels; "
        "the weights describe 3 outputs."
    )


def test_weights_of_another_network_are_an_error(artifact: Artifact, tmp_path: Path) -> None:
    """An architecture that the weights do not fit is named."""
    other = replace(artifact, network=build_classifier("resnet18", num_labels=3))
    write_artifact(tmp_path, other, {})
    with pytest.raises(ArtifactError) as caught:
        load_artifact(tmp_path)
    assert str(caught.value) == (
        f"Artifact {tmp_path} was written for architecture 'small_cnn' with 3 labels; "
        "the weights are of another network."
    )


def test_a_missing_file_is_named(model_dir: Path) -> None:
    """A folder without a specification is no artifact."""
    (model_dir / "spec.json").unlink()
    with pytest.raises(ArtifactError) as caught:
        load_artifact(model_dir)
    assert str(caught.value) == (
        f"Artifact {model_dir} has no file 'spec.json'; it is no model of ours."
    )


@pytest.mark.parametrize("content", [b"", b"these are no weights", b"PK\x03\x04" + bytes(60)])
def test_a_damaged_weights_file_is_named(model_dir: Path, content: bytes) -> None:
    """Whatever torch makes of it, the error says which file cannot be read."""
    (model_dir / "weights.pt").write_bytes(content)
    with pytest.raises(ArtifactError) as caught:
        load_artifact(model_dir)
    assert str(caught.value).startswith(
        f"Artifact {model_dir} has a 'weights.pt' that cannot be read as tensors: "
    )


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("run",))


def test_only_tensors_and_plain_values_are_read(tmp_path: Path) -> None:
    """A file that would run code when it is read is refused."""
    write_tensors(tmp_path / "good.pt", {"a": torch.ones(2), "b": [1, "x", None]})
    good = read_tensors(tmp_path / "good.pt")
    assert torch.equal(good["a"], torch.ones(2))
    assert good["b"] == [1, "x", None]
    write_tensors(tmp_path / "bad.pt", {"a": _Payload()})
    with pytest.raises(pickle.UnpicklingError):
        read_tensors(tmp_path / "bad.pt")
