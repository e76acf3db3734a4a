"""The mean of the words' vectors, and one linear layer over it."""

from typing import Optional, Union

import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from .configuration_starter import StarterConfig


class StarterModelForSequenceClassification(PreTrainedModel):
    """Classifies texts by the words that are in them."""

    _auto_class = "AutoModelForSequenceClassification"
    config_class = StarterConfig
    _no_split_modules = []
    accepts_loss_kwargs = False

    def __init__(self, config: StarterConfig):
        super().__init__(config)
        self.embeddings = nn.Embedding(config.vocab_size, config.width, padding_idx=config.pad_token_id)
        self.classifier = nn.Linear(config.width, config.num_labels)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.embeddings

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.embeddings = value

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Optional[Tensor] = None,
        labels: Optional[Tensor] = None,
        return_dict: Optional[bool] = None,
    ) -> Union[tuple, SequenceClassifierOutput]:
        """`logits` (batch, num_labels) for `input_ids` and `attention_mask` (batch, words)."""
        mask = input_ids.ne(self.config.pad_token_id) if attention_mask is None else attention_mask.bool()
        vectors = self.embeddings(input_ids) * mask[..., None]
        logits = self.classifier(vectors.sum(1) / mask.sum(1, keepdim=True).clamp_min(1))
        loss = None if labels is None else F.cross_entropy(logits, labels.to(logits.device))
        output = SequenceClassifierOutput(loss=loss, logits=logits)
        as_dict = self.config.return_dict if return_dict is None else return_dict
        return output if as_dict else output.to_tuple()
