"""The network, and around it what makes it a transformers model: the body, and the body with a classifier."""

from typing import Optional, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling, ImageClassifierOutput

from .configuration_starter import StarterConfig

# ---- Your layers: from here to the next line of this kind, replace what you like. Keep the name Network, its one
# ---- argument, `num_features`, and the shape that forward returns; all below follows.


class Block(nn.Module):
    """Mixes neighbours, then features; what comes out is added to what went in."""

    def __init__(self, width: int):
        super().__init__()
        self.mix = nn.Conv2d(width, width, kernel_size=5, padding=2, groups=width)
        self.norm = nn.GroupNorm(1, width)
        self.expand = nn.Conv2d(width, 4 * width, kernel_size=1)
        self.project = nn.Conv2d(4 * width, width, kernel_size=1)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.project(F.gelu(self.expand(self.norm(self.mix(features)))))


class Stage(nn.Sequential):
    """Halves height and width (the first stage: divides them by the patch size), then runs its blocks."""

    def __init__(self, channels: int, width: int, stride: int, depth: int):
        super().__init__(
            nn.Conv2d(channels, width, kernel_size=stride, stride=stride),
            *(Block(width) for _ in range(depth)),
        )


class Network(nn.Module):
    """From pixels to features.

    forward takes `pixel_values` (batch, channels, height, width) and returns (batch, num_features, ...): any number of
    positions may follow, or none, and their mean is what the classifier sees.
    """

    def __init__(self, config: StarterConfig):
        super().__init__()
        widths = [config.width * 2**i for i in range(len(config.depths))]
        channels = [config.num_channels, *widths[:-1]]
        strides = [config.patch_size, *[2] * (len(widths) - 1)]
        self.stages = nn.Sequential(*map(Stage, channels, widths, strides, config.depths))
        self.norm = nn.GroupNorm(1, widths[-1])
        self.num_features = widths[-1]

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.norm(self.stages(pixel_values))


# ---- End of your layers.


def classification_loss(logits: Tensor, labels: Tensor, config: StarterConfig) -> Tensor:
    """The loss that transformers defines for `config.problem_type`, which is inferred as usual when it is None.

    Args:
        logits: (batch, num_labels).
        labels: (batch,) of integers for one label each; (batch, num_labels) of floats for several; floats, (batch,) or
            (batch, num_labels), for regression.
    """
    problem = config.problem_type
    if problem is None:
        integers = labels.dtype in (torch.int64, torch.int32)
        problem = "single_label_classification" if integers else "multi_label_classification"
        problem = "regression" if config.num_labels == 1 else problem
    if problem == "regression":
        return F.mse_loss(logits.reshape(labels.shape), labels.to(logits.dtype))
    if problem == "single_label_classification":
        return F.cross_entropy(logits, labels.reshape(-1).long())
    return F.binary_cross_entropy_with_logits(logits, labels)


class StarterPreTrainedModel(PreTrainedModel):
    """What both models share: how fresh weights are made, and the way from pixels to features."""

    config_class = StarterConfig
    main_input_name = "pixel_values"
    # Spread over several devices, the network stays on one; name the class of your blocks to let it be divided.
    _no_split_modules = ["Network"]
    # Trainer: the loss is a mean over the batch, not a sum to be divided by the count of items.
    accepts_loss_kwargs = False

    def get_input_embeddings(self) -> None:
        """None: images are not embedded by a table, and quantisers ask."""
        return None

    def _init_weights(self, module: nn.Module) -> None:
        """Fresh weights, one leaf at a time, for whatever a checkpoint did not bring."""
        # Through nn.init and never in place: 5.x guards those calls, so weights that were loaded stay.
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                nn.init.zeros_(module.running_mean)
                nn.init.ones_(module.running_var)
                nn.init.zeros_(module.num_batches_tracked)
        # A layer of your own that holds an nn.Parameter or a non-persistent buffer: fill it here, the parameter with
        # nn.init, the buffer with copy_.

    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """The network's features (batch, features, ...), and their mean over all positions."""
        channels, dtype = self.config.num_channels, next(self.parameters()).dtype
        if pixel_values.ndim != 4 or pixel_values.shape[1] != channels:
            expected = f"(batch, {channels}, height, width)"
            raise ValueError(f"pixel_values must be of shape {expected}, found {tuple(pixel_values.shape)}")
        # Autocast converts what the layers receive.
        autocast = torch.is_autocast_enabled(pixel_values.device.type) and pixel_values.is_floating_point()
        if pixel_values.dtype != dtype and not autocast:
            raise ValueError(f"pixel_values must be {dtype} as the weights are, found {pixel_values.dtype}")
        features = self.network(pixel_values)
        return features, features if features.ndim == 2 else features.flatten(2).mean(-1)


class StarterModel(StarterPreTrainedModel):
    """The body: features and their mean, without a classifier."""

    # What register_for_auto_class sets after a load; from 4.45 to 4.52 nobody does, and a save would lose the code.
    _auto_class = "AutoModel"
    # A classification checkpoint holds the body under the same names; its classifier is left out on purpose.
    _keys_to_ignore_on_load_unexpected = [r"^classifier\."]

    def __init__(self, config: StarterConfig):
        super().__init__(config)
        self.network = Network(config)
        # 5.x reads what this sets during every load.
        self.post_init()

    def forward(
        self, pixel_values: Tensor, return_dict: Optional[bool] = None
    ) -> Union[tuple, BaseModelOutputWithPooling]:
        """Compute features.

        Args:
            pixel_values: (batch, channels, height, width), of the dtype of the weights.
            return_dict: False for a plain tuple; None is `config.return_dict`.

        Returns:
            `last_hidden_state` (batch, features, ...), as the network gives it, and `pooler_output` (batch, features).

        Raises:
            ValueError: pixel_values of another rank, channel count or dtype.
        """
        features, pooled = self._encode(pixel_values)
        output = BaseModelOutputWithPooling(last_hidden_state=features, pooler_output=pooled)
        as_dict = self.config.return_dict if return_dict is None else return_dict
        return output if as_dict else output.to_tuple()


class StarterModelForImageClassification(StarterPreTrainedModel):
    """The body with one linear layer over the mean of its features."""

    _auto_class = "AutoModelForImageClassification"

    def __init__(self, config: StarterConfig):
        super().__init__(config)
        self.network = Network(config)
        self.classifier = nn.Linear(self.network.num_features, config.num_labels)
        self.post_init()

    def forward(
        self, pixel_values: Tensor, labels: Optional[Tensor] = None, return_dict: Optional[bool] = None
    ) -> Union[tuple, ImageClassifierOutput]:
        """Classify images.

        Args:
            pixel_values: (batch, channels, height, width), of the dtype of the weights.
            labels: targets, see `classification_loss`; None for no loss.
            return_dict: False for a plain tuple; None is `config.return_dict`.

        Returns:
            `loss` (a scalar, with labels only) and `logits` (batch, num_labels).

        Raises:
            ValueError: pixel_values of another rank, channel count or dtype.
        """
        logits = self.classifier(self._encode(pixel_values)[1])
        loss = None if labels is None else classification_loss(logits, labels.to(logits.device), self.config)
        output = ImageClassifierOutput(loss=loss, logits=logits)
        as_dict = self.config.return_dict if return_dict is None else return_dict
        return output if as_dict else output.to_tuple()
