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


def test_bare_names_and_partial_weights_are_taken(network: Classifier, tmp_path: Path) -> None:
    """Published state dicts have no prefix; what is missing or of another shape stays."""
    weights = {"0.weight": torch.full((32, 3, 3, 3), 0.5), "3.weight": torch.zeros(1)}
    torch.save(weights, tmp_path / "published.pth")
    second = network.backbone.get_parameter("3.weight").clone()
    load_pretrained(network, tmp_path)
    assert (network.backbone.get_parameter("0.weight") == 0.5).all()
    assert torch.equal(network.backbone.get_parameter("3.weight"), second)


def test_weights_of_another_network_are_an_error(network: Classifier, tmp_path: Path) -> None:
    """Starting from scratch unnoticed would be worse than stopping."""
    torch.save({"layer1.weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(PretrainedError) as caught:
        load_pretrained(network, tmp_path)
    assert str(caught.value) == (
        f"No tensor of {tmp_path}/other.pt fits the network. Expected names such as '0.weight', "
        "'1.bias', '1.num_batches_tracked'; found 'layer1.weight'."
    )


def test_channel_needs_one_file(network: Classifier, tmp_path: Path) -> None:
    """No file, or a choice of files, is an error."""
    (tmp_path / "README").touch()
    with pytest.raises(PretrainedError) as caught:
        load_pretrained(network, tmp_path)
    assert str(caught.value) == (
        f"Channel {tmp_path} needs exactly one .pt or .pth state dict; found: none."
    )
