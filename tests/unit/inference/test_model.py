"""The networks."""

import copy

import pytest
import torch
from torch import nn

from inference.contract import NUM_EMBEDDING_PROJECTIONS
from inference.model import build_classifier, prepare_for_inference


@pytest.mark.parametrize(
    ("architecture", "num_features"),
    [
        ("small_cnn", 128),
        ("convnext_tiny", 768),
        ("efficientnet_b0", 1280),
        ("mobilenet_v3_small", 1024),
        ("resnet18", 512),
        ("resnet50", 2048),
    ],
)
def test_each_architecture_gives_logits_features_and_projections(
    architecture: str, num_features: int
) -> None:
    """Whatever the backbone, the head sits on its features and the projections reduce them."""
    network = build_classifier(architecture, num_labels=4, dropout=0.5).eval()
    images = torch.zeros(2, 3, 32, 32)
    with torch.inference_mode():
        features = network.embed(images)
        assert features.shape == (2, num_features)
        assert network.project(features).shape == (2, NUM_EMBEDDING_PROJECTIONS)
        assert torch.equal(network(images), network.head(features))
    assert network(images).shape == (2, 4)
    dropouts = [module for module in network.modules() if isinstance(module, nn.Dropout)]
    assert dropouts == [network.dropout], "nothing drops but what the hyperparameter says"


def test_projections_do_not_follow_the_seed() -> None:
    """Two networks of one architecture project alike, so that their projections compare."""
    torch.manual_seed(1)
    first = build_classifier("small_cnn", num_labels=2)
    torch.manual_seed(2)
    second = build_classifier("small_cnn", num_labels=5)
    assert torch.equal(first.projections, second.projections)
    assert "projections" in first.state_dict()
    name = "0.weight"
    assert not torch.equal(first.backbone.get_parameter(name), second.backbone.get_parameter(name))


@pytest.mark.parametrize("architecture", ["small_cnn", "mobilenet_v3_small", "resnet18"])
def test_preparing_a_network_changes_its_rounding_only(architecture: str) -> None:
    """A network whose normalizations have seen data answers as before, with fewer of them."""
    torch.manual_seed(0)
    network = build_classifier(architecture, num_labels=3)
    images = torch.rand(4, 3, 64, 64)
    network(images)
    network.eval()
    expected = network(images)
    prepared = prepare_for_inference(copy.deepcopy(network))
    assert torch.allclose(prepared(images), expected, rtol=1e-4, atol=1e-5)
    assert num_normalizations(prepared) < num_normalizations(network)


def num_normalizations(network: nn.Module) -> int:
    """Number of batch normalizations in a network."""
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_unknown_architecture_is_refused_with_the_known_ones() -> None:
    """A name that is not offered is an error that lists what is."""
    with pytest.raises(ValueError, match="resnet19") as caught:
        build_classifier("resnet19", num_labels=2)
    assert str(caught.value) == (
        "Architecture 'resnet19' is unknown. Known: small_cnn, convnext_tiny, efficientnet_b0, "
        "mobilenet_v3_small, resnet18, resnet50."
    )
