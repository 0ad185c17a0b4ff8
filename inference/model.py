"""The networks: a backbone that turns an image into features, and one linear layer that turns these into labels.

Shapes: N images, H and W pixels high and wide, F features, K labels, P projections.
"""

import torch
from torch import Tensor, nn

from inference.contract import ARCHITECTURES, NUM_EMBEDDING_PROJECTIONS

_PROJECTION_SEED = 20260730
_SMALL_CNN_WIDTHS = (32, 64, 128)


class Classifier(nn.Module):
    """A backbone and its head.

    The buffer `projections` (F, P) reduces the features to the few numbers that monitoring watches. It is
    drawn once and travels with the weights, so that two releases of torch never disagree about it.
    """

    def __init__(self, backbone: nn.Module, num_features: int, num_labels: int, dropout: float):
        super().__init__()
        self.backbone = backbone
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(num_features, num_labels)
        generator = torch.Generator().manual_seed(_PROJECTION_SEED)
        directions_FP = torch.randn(num_features, NUM_EMBEDDING_PROJECTIONS, generator=generator)
        self.projections: Tensor
        self.register_buffer("projections", directions_FP / num_features**0.5)

    def forward(self, images_N3HW: Tensor) -> Tensor:
        """Logits (N, K)."""
        return self.classify(self.embed(images_N3HW))

    def embed(self, images_N3HW: Tensor) -> Tensor:
        """Features before the last layer, (N, F)."""
        features_NF: Tensor = self.backbone(images_N3HW)
        return features_NF

    def classify(self, features_NF: Tensor) -> Tensor:
        """Logits (N, K) of features."""
        logits_NK: Tensor = self.head(self.dropout(features_NF))
        return logits_NK

    def project(self, features_NF: Tensor) -> Tensor:
        """Embedding projections (N, P) of features."""
        return features_NF @ self.projections


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
    """One of torchvision's networks without its last layer, and the number of its features."""
    # Its import takes seconds, and the default network needs none of it.
    from torchvision import models  # noqa: PLC0415

    network: nn.Module = models.get_model(architecture, weights=None)
    # The last linear layer is where the labels of another data set end, whatever a network calls it.
    name, last = [item for item in network.named_modules() if isinstance(item[1], nn.Linear)][-1]
    parent, _, attribute = name.rpartition(".")
    setattr(network.get_submodule(parent), attribute, nn.Identity())
    assert isinstance(last, nn.Linear)
    return network, last.in_features
