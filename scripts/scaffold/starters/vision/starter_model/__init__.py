"""The code that consumers run: a configuration, an image processor, and the model behind the Auto classes."""

from .configuration_starter import StarterConfig
from .image_processing_starter import StarterImageProcessor
from .modeling_starter import StarterModel, StarterModelForImageClassification

__all__ = [
    "StarterConfig",
    "StarterImageProcessor",
    "StarterModel",
    "StarterModelForImageClassification",
]
