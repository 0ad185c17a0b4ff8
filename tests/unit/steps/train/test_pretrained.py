"""Starting from given weights."""

import hashlib
from pathlib import Path

import pytest
import torch

from inference.model import Classifier, build_classifier
from steps.train.pretrained import PretrainedError, load_pretrained


@pytest.fixture
def network() -> Classifier:
    """A fresh network."""
    torch.manual_seed(0)
    return build_classifier("small_cnn", num_labels=3)


def test_backbone_starts_as_given_and_the_head_afresh(network: Classifier, tmp_path: Path) -> None:
    """Weights of an artifact with other labels give the backbone; the head stays random."""
    torch.manual_seed(1)
    given = build_classifier("small_cnn", num_labels=7)
    torch.save(given.state_dict(), tmp_path / "weights.pt")
    head = network.head.weight.clone()
    digest = load_pretrained(network, tmp_path)
    own = network.backbone.state_dict()
    for name, tensor in given.backbone.state_dict().items():
        assert torch.equal(own[name], tensor)
    assert torch.equal(network.head.weight, head)
    assert digest == hashlib.sha256((tmp_path / "weights.pt").read_bytes()).hexdigest()


def test_published_names_are_taken(network: Classifier, tmp_path: Path) -> None:
    """Published state dicts have no prefix, a head of their own, and need not count batches."""
    torch.manual_seed(1)
    given = build_classifier("small_cnn", num_labels=7).backbone.state_dict()
    weights = {name: value for name, value in given.items() if "num_batches" not in name}
    torch.save({**weights, "fc.weight": torch.zeros(9, 128)}, tmp_path / "published.pth")
    load_pretrained(network, tmp_path)
    own = network.backbone.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in weights.items())


def test_weights_that_fit_in_part_are_an_error(network: Classifier, tmp_path: Path) -> None:
    """Half a start would pass for a whole one: what is missing or of another shape is named."""
    weights = network.backbone.state_dict()
    weights["0.weight"] = torch.zeros(64, 3, 7, 7)
    del weights["4.bias"]
    torch.save(weights, tmp_path / "other.pt")
    before = network.backbone.get_parameter("3.weight").clone()
    with pytest.raises(PretrainedError) as caught:
        load_pretrained(network, tmp_path)
    assert str(caught.value) == (
        f"2 of 18 tensors of {tmp_path}/other.pt do not fit the network: '0.weight' has shape "
        "(64, 3, 7, 7), expected (32, 3, 3, 3); '4.bias' is missing. Most likely the file is of "
        "another architecture; set the hyperparameter 'architecture' to the file's."
    )
    assert torch.equal(network.backbone.get_parameter("3.weight"), before)


def test_weights_of_another_network_are_an_error(network: Classifier, tmp_path: Path) -> None:
    """The error names a few of the tensors and counts them all."""
    torch.save({"layer1.weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(PretrainedError) as caught:
        load_pretrained(network, tmp_path)
    assert str(caught.value) == (
        f"15 of 15 tensors of {tmp_path}/other.pt do not fit the network: '0.weight' is missing; "
        "'1.weight' is missing; '1.bias' is missing; '1.running_mean' is missing; "
        "'1.running_var' is missing. Most likely the file is of another architecture; set the "
        "hyperparameter 'architecture' to the file's."
    )


def test_channel_needs_one_file(network: Classifier, tmp_path: Path) -> None:
    """No file, or a choice of files, is an error."""
    (tmp_path / "README").touch()
    with pytest.raises(PretrainedError) as caught:
        load_pretrained(network, tmp_path)
    assert str(caught.value) == (
        f"Channel {tmp_path} needs exactly one .pt or .pth state dict; found: none."
    )
