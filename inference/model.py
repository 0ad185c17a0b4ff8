"""The networks: a backbone makes features of an image, and one linear layer labels of features.

Shapes: n images, h and w pixels high and wide, f features, k labels, p projections.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from inference.contract import ARCHITECTURES, NUM_EMBEDDING_PROJECTIONS

_PROJECTION_SEED = 20260730
_SMALL_CNN_WIDTHS = (32, 64, 128)


class Classifier(nn.Module):
    """A backbone and its head.

    The buffer `projections` (f, p) reduces the features to the few numbers that monitoring
    watches. It is drawn once and travels with the weights: two releases of torch need not agree.
    """

    def __init__(self, backbone: nn.Module, num_features: int, num_labels: int, dropout: float):
        super().__init__()
        self.backbone = backbone
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(num_features, num_labels)
        generator = torch.Generator().manual_seed(_PROJECTION_SEED)
        directions_fp = torch.randn(num_features, NUM_EMBEDDING_PROJECTIONS, generator=generator)
        self.projections: Tensor
        self.register_buffer("projections", directions_fp / num_features**0.5)

    def forward(self, images_n3hw: Tensor) -> Tensor:
        """Logits (n, k)."""
        return self.classify(self.embed(images_n3hw))

    def embed(self, images_n3hw: Tensor) -> Tensor:
        """Features before the last layer, (n, f)."""
        features_nf: Tensor = self.backbone(images_n3hw)
        return features_nf

    def classify(self, features_nf: Tensor) -> Tensor:
        """Logits (n, k) of features."""
        logits_nk: Tensor = self.head(self.dropout(features_nf))
        return logits_nk

    def project(self, features_nf: Tensor) -> Tensor:
        """Embedding projections (n, p) of features."""
        return features_nf @ self.projections


def build_classifier(architecture: str, *, num_labels: int, dropout: float = 0.0) -> Classifier:
    """A network with fresh weights from torch's global generator.

    Args:
        architecture: One of ARCHITECTURES.
        num_labels: Number of outputs.
        dropout: Probability of dropping a feature before the last layer, in training.

    Raises:
        ValueError: The architecture is unknown.
    """
    if architecture == "small_cnn":
        backbone, num_features = _small_cnn(), _SMALL_CNN_WIDTHS[-1]
    elif architecture in ARCHITECTURES:
        backbone, num_features = _torchvision_backbone(architecture)
    else:
        raise ValueError(
            f"Architecture '{architecture}' is unknown. Known: {', '.join(ARCHITECTURES)}."
        )
    return Classifier(backbone, num_features, num_labels, dropout)


def prepare_for_inference(network: Classifier) -> Classifier:
    """Make a network in evaluation mode faster, in place; its numbers change by rounding only.

    A normalization that follows a convolution directly becomes part of its weights, and weights lie
    in memory as decoded images do, the channels of a pixel together.

    Source: PyTorch documentation, "Channels Last Memory Format in PyTorch",
        https://docs.pytorch.org/tutorials/intermediate/memory_format_tutorial.html
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            for index, (layer, following) in enumerate(pairwise(list(module))):
                if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                    module[index] = fuse_conv_bn_eval(layer, following)
                    module[index + 1] = nn.Identity()
    return network.to(memory_format=torch.channels_last)


def _small_cnn() -> nn.Module:
    """Convolutions that halve the image three times, then the mean over what is left."""
    layers: list[nn.Module] = []
    num_channels = 3
    for width in _SMALL_CNN_WIDTHS:
        layers += [
            nn.Conv2d(num_channels, width, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        num_channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _torchvision_backbone(architecture: str) -> tuple[nn.Module, int]:
    """One of torchvision's networks up to its features, and their number."""
    # Its import takes seconds, and the default network needs none of it.
    from torchvision import models

    network: nn.Module = models.get_model(architecture, weights=None)
    # Networks name their last linear layer differently.
    name, last = [
        (name, module) for name, module in network.named_modules() if isinstance(module, nn.Linear)
    ][-1]
    network.set_submodule(name, nn.Identity())
    # Some bring a dropout of a fixed probability, which would add to the classifier's own.
    dropouts = [name for name, module in network.named_modules() if isinstance(module, nn.Dropout)]
    for dropout in dropouts:
        network.set_submodule(dropout, nn.Identity())
    return network, last.in_features
