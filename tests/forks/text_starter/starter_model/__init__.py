"""The code that consumers run: a configuration and a classifier of texts."""

from .configuration_starter import StarterConfig
from .modeling_starter import StarterModelForSequenceClassification

__all__ = ["StarterConfig", "StarterModelForSequenceClassification"]
