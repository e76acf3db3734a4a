"""What describes one classifier of texts."""

from typing import Any

from transformers import PretrainedConfig


class StarterConfig(PretrainedConfig):
    """The size of the vocabulary and of the vectors."""

    _auto_class = "AutoConfig"
    model_type = "starter"
    # From 5.4 on a subclass is made a dataclass, whose own == would ignore the fields set below.
    __eq__ = PretrainedConfig.__eq__

    def __init__(self, vocab_size: int = 32, width: int = 16, pad_token_id: int = 0, **kwargs: Any):
        self.vocab_size = vocab_size
        self.width = width
        super().__init__(pad_token_id=pad_token_id, **kwargs)
