"""timm's ResNet family as transformers models: the body, and the body with a classifier."""

from functools import partial
from typing import Optional, Union

import torch
import torch.nn.functional as F
from timm.layers import BlurPool2d, GroupNorm, SEModule
from timm.models._prune import adapt_model_from_file
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import (
    BaseModelOutputWithPoolingAndNoAttention,
    ImageClassifierOutputWithNoAttention,
)

from .configuration_resnet import ResnetConfig

_BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}
_NORMS = {"batchnorm": nn.BatchNorm2d, "groupnorm": GroupNorm}
_ANTI_ALIASING = {None: None, "avg": nn.AvgPool2d, "blur": BlurPool2d}


def build_network(config: ResnetConfig, num_classes: int) -> ResNet:
    """timm's ResNet as the configuration describes it; `num_classes` 0 leaves out the classifier."""
    attention = config.attn_layer
    if config.attn_rd_ratio is not None:
        attention = partial(SEModule, rd_ratio=config.attn_rd_ratio)
    network = ResNet(
        block=[_BLOCKS[block] for block in config.block_types],
        layers=config.layers,
        num_classes=num_classes,
        in_chans=config.input_channels,
        cardinality=config.cardinality,
        base_width=config.base_width,
        stem_width=config.stem_width,
        stem_type=config.stem_type,
        replace_stem_pool=config.replace_stem_pool,
        block_reduce_first=config.block_reduce_first,
        down_kernel_size=config.down_kernel_size,
        avg_down=config.avg_down,
        channels=config.channels,
        norm_layer=_NORMS[config.norm_layer],
        aa_layer=_ANTI_ALIASING[config.aa_layer],
        drop_rate=config.drop_rate,
        drop_path_rate=config.drop_path_rate,
        block_args={"attn_layer": attention},
    )
    if config.pruned:
        return adapt_model_from_file(network, config.pruned).train()
    for block in network.modules():
        if isinstance(block, (BasicBlock, Bottleneck)):
            # A mark on the norm itself: transformers skips modules without weights of their own in _init_weights.
            (block.bn3 if isinstance(block, Bottleneck) else block.bn2).zero_init = True
    return network


def classification_loss(logits: Tensor, labels: Tensor, config: ResnetConfig) -> Tensor:
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


class ResnetPreTrainedModel(PreTrainedModel):
    """What both models share: how fresh weights are made, and the way from pixels to feature maps."""

    config_class = ResnetConfig
    main_input_name = "pixel_values"
    supports_gradient_checkpointing = True
    # A residual sum needs both of its branches on one device.
    _no_split_modules = ["BasicBlock", "Bottleneck"]
    # Trainer: the loss is a mean over the batch, not a sum to be divided by the count of items.
    accepts_loss_kwargs = False

    def __init__(self, config: ResnetConfig, num_classes: int):
        super().__init__(config)
        self.gradient_checkpointing = False
        self.model = build_network(config, num_classes)
        # 5.x reads what this sets during every load.
        self.post_init()

    def get_input_embeddings(self) -> None:
        """None: images are not embedded by a table, and quantisers ask."""
        return None

    def _init_weights(self, module: nn.Module) -> None:
        """timm's own initialisation, one leaf at a time, for whatever a checkpoint did not bring."""
        # Through nn.init (reset_parameters too) and never in place: 5.x guards those calls, so loaded weights stay.
        if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Linear)):
            module.reset_parameters()
            if isinstance(module, nn.Conv2d) and not self.config.pruned:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
            nn.init.constant_(module.weight, 0.0 if getattr(module, "zero_init", False) else 1.0)
            nn.init.zeros_(module.bias)
            if isinstance(module, nn.BatchNorm2d):
                nn.init.zeros_(module.running_mean)
                nn.init.ones_(module.running_var)
                nn.init.zeros_(module.num_batches_tracked)
        elif isinstance(module, BlurPool2d):
            # The filter is in no checkpoint, and 5.x leaves such buffers as uninitialised memory.
            with torch.device("cpu"):
                fresh = BlurPool2d(module.channels, module.filt_size, module.stride)
            module.filt.copy_(fresh.filt)

    def _check_input(self, pixel_values: Tensor) -> None:
        channels, dtype = self.config.input_channels, next(self.parameters()).dtype
        if pixel_values.ndim != 4 or pixel_values.shape[1] != channels:
            expected = f"(batch, {channels}, height, width)"
            raise ValueError(f"pixel_values must be of shape {expected}, found {tuple(pixel_values.shape)}")
        # Autocast converts what the convolutions receive.
        autocast = torch.is_autocast_enabled(pixel_values.device.type) and pixel_values.is_floating_point()
        if pixel_values.dtype != dtype and not autocast:
            raise ValueError(
                f"pixel_values must be {dtype} as the weights are, found {pixel_values.dtype}; "
                f"convert them with pixel_values.to({dtype})"
            )

    def _stage(self, stage: nn.Sequential, features: Tensor) -> Tensor:
        if not (self.gradient_checkpointing and self.training):
            return stage(features)
        for block in stage:
            features = self._gradient_checkpointing_func(block.__call__, features)
        return features

    def _encode(self, pixel_values: Tensor, keep: bool) -> tuple[Tensor, Optional[tuple[Tensor, ...]]]:
        """Feature maps of the last stage and, if they are to be kept, those of the stem and of every stage."""
        self._check_input(pixel_values)
        net = self.model
        features = net.maxpool(net.act1(net.bn1(net.conv1(pixel_values))))
        kept = (features,) if keep else None
        for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
            features = self._stage(stage, features)
            kept = (*kept, features) if keep else None
        return features, kept


class ResnetModel(ResnetPreTrainedModel):
    """The body: feature maps and their average, without a classifier."""

    # A classification checkpoint holds the body under the same names; its classifier is left out on purpose.
    _keys_to_ignore_on_load_unexpected = [r"^model\.fc\."]

    def __init__(self, config: ResnetConfig):
        super().__init__(config, num_classes=0)

    def forward(
        self,
        pixel_values: Tensor,
        output_hidden_states: Optional[bool] = None,
        return_dict: Optional[bool] = None,
    ) -> Union[tuple, BaseModelOutputWithPoolingAndNoAttention]:
        """Compute features.

        Args:
            pixel_values: (batch, channels, height, width), of the dtype of the weights.
            output_hidden_states: keep the feature maps of the stem (after its pooling) and of each stage; None is
                `config.output_hidden_states`.
            return_dict: False for a plain tuple; None is `config.return_dict`.

        Returns:
            `last_hidden_state` (batch, features, height / 32, width / 32), `pooler_output` (batch, features), which
            are timm's pre-logits, and `hidden_states`, five maps.

        Raises:
            ValueError: pixel_values of another rank, channel count or dtype.
        """
        keep = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        features, hidden_states = self._encode(pixel_values, keep)
        output = BaseModelOutputWithPoolingAndNoAttention(
            last_hidden_state=features,
            pooler_output=self.model.global_pool(features),
            hidden_states=hidden_states,
        )
        as_dict = self.config.return_dict if return_dict is None else return_dict
        return output if as_dict else output.to_tuple()


class ResnetModelForImageClassification(ResnetPreTrainedModel):
    """The body with timm's classifier: dropout and one linear layer over the averaged features."""

    def __init__(self, config: ResnetConfig):
        super().__init__(config, num_classes=config.num_labels)

    def forward(
        self,
        pixel_values: Tensor,
        labels: Optional[Tensor] = None,
        output_hidden_states: Optional[bool] = None,
        return_dict: Optional[bool] = None,
    ) -> Union[tuple, ImageClassifierOutputWithNoAttention]:
        """Classify images.

        Args:
            pixel_values: (batch, channels, height, width), of the dtype of the weights.
            labels: targets, see `classification_loss`; None for no loss.
            output_hidden_states: keep the feature maps of the stem (after its pooling) and of each stage; None is
                `config.output_hidden_states`.
            return_dict: False for a plain tuple; None is `config.return_dict`.

        Returns:
            `loss` (a scalar, with labels only), `logits` (batch, num_labels) and `hidden_states`, five maps.

        Raises:
            ValueError: pixel_values of another rank, channel count or dtype.
        """
        keep = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        features, hidden_states = self._encode(pixel_values, keep)
        logits = self.model.forward_head(features)
        loss = None if labels is None else classification_loss(logits, labels.to(logits.device), self.config)
        output = ImageClassifierOutputWithNoAttention(loss=loss, logits=logits, hidden_states=hidden_states)
        as_dict = self.config.return_dict if return_dict is None else return_dict
        return output if as_dict else output.to_tuple()
