"""The code that consumers run: a timm ResNet behind transformers' Auto classes."""

from .configuration_resnet import ResnetConfig
from .image_processing_resnet import ResnetImageProcessor
from .modeling_resnet import ResnetModel, ResnetModelForImageClassification

__all__ = [
    "ResnetConfig",
    "ResnetImageProcessor",
    "ResnetModel",
    "ResnetModelForImageClassification",
]
