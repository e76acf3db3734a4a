"""timm's ResNet family as transformers models: the body, and the body with a classifier.

Both take `pixel_values` of shape (batch, channels, height, width) and of the weights' dtype, and raise ValueError for
anything else. `output_hidden_states` keeps five feature maps: the stem's, after its pooling, and each stage's.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
_SAME_NAME = (
    *("layers", "cardinality", "base_width", "stem_width", "stem_type", "replace_stem_pool", "block_reduce_first"),
    *("down_kernel_size", "avg_down", "channels", "drop_rate", "drop_path_rate"),
)


class _Network(ResNet):
    """timm's ResNet as its constructor leaves it; the initialisation that would follow is `_init_weights`."""

    def init_weights(self, zero_init_last: bool = True) -> None:
        """Nothing: drawn here, every weight would be drawn twice, or for nothing before a load."""


def build_network(config: ResnetConfig, num_classes: int) -> ResNet:
    """timm's ResNet as the configuration describes it; `num_classes` 0 leaves out the classifier."""
    attention = config.attn_layer
    if config.attn_rd_ratio is not None:
        attention = partial(SEModule, rd_ratio=config.attn_rd_ratio)
    network = _Network(
        block=[_BLOCKS[block] for block in config.block_types],
        num_classes=num_classes,
        in_chans=config.input_channels,
        norm_layer=_NORMS[config.norm_layer],
        aa_layer=_ANTI_ALIASING[config.aa_layer],
        block_args={"attn_layer": attention},
        **{name: getattr(config, name) for name in _SAME_NAME},
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
        config: gives `problem_type` and `num_labels`.
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


@contextmanager
def _statistics_kept(block: nn.Module) -> Iterator[None]:
    """Run a block without a change of its running statistics."""
    # The base class: SyncBatchNorm, which takes their places in distributed training, is no BatchNorm2d.
    norms = [module for module in block.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    norms = [norm for norm in norms if norm.track_running_stats]
    kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, norm.num_batches_tracked.clone()
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, kept):
            norm.momentum, norm.num_batches_tracked = momentum, batches


def _contexts_of_runs(block: nn.Module) -> tuple[AbstractContextManager, AbstractContextManager]:
    """For the forward pass through a checkpointed block, and for its second run in the backward pass."""
    return nullcontext(), _statistics_kept(block)


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
        config.check()
        self.gradient_checkpointing = False
        self.model = build_network(config, num_classes)
        # 5.x reads what this sets during every load.
        self.post_init()

    def get_input_embeddings(self) -> None:
        """None: images are not embedded by a table, and quantisers ask."""
        return None

    def enable_input_require_grads(self) -> None:
        """Nothing: PEFT asks for it with checkpoints, but ours pass gradients even where their input needs none."""

    disable_input_require_grads = enable_input_require_grads

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
        # A replica of DataParallel has no parameters of its own.
        channels, dtype = self.config.input_channels, next(self.parameters(), pixel_values).dtype
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
            # The second run of a block must not count its batch a second time; compiled graphs see to that themselves.
            once = {} if torch.compiler.is_compiling() else {"context_fn": partial(_contexts_of_runs, block)}
            # Never reentrant, the default of 4.x: behind a frozen stem that would lose every gradient.
            features = self._gradient_checkpointing_func(block.__call__, features, use_reentrant=False, **once)
        return features

    def _encode(
        self, pixel_values: Tensor, output_hidden_states: Optional[bool]
    ) -> tuple[Tensor, Optional[tuple[Tensor, ...]]]:
        """The last feature map, and all five where `output_hidden_states` (None: the configuration) asks for them."""
        self._check_input(pixel_values)
        keep = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        net = self.model
        features = net.maxpool(net.act1(net.bn1(net.conv1(pixel_values))))
        kept = (features,) if keep else None
        for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
            features = self._stage(stage, features)
            kept = (*kept, features) if keep else None
        return features, kept


class ResnetModel(ResnetPreTrainedModel):
    """The body: feature maps and their average, without a classifier."""

    # What register_for_auto_class sets after a load; from 4.45 to 4.52 nobody does, and a save would lose the code.
    _auto_class = "AutoModel"
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

        Returns:
            `last_hidden_state` (batch, features, height / 32, width / 32), `pooler_output` (batch, features), which
            are timm's pre-logits, and `hidden_states`.
        """
        features, hidden_states = self._encode(pixel_values, output_hidden_states)
        output = BaseModelOutputWithPoolingAndNoAttention(
            last_hidden_state=features,
            pooler_output=self.model.global_pool(features),
            hidden_states=hidden_states,
        )
        as_dict = self.config.return_dict if return_dict is None else return_dict
        return output if as_dict else output.to_tuple()


class ResnetModelForImageClassification(ResnetPreTrainedModel):
    """The body with timm's classifier: dropout and one linear layer over the averaged features."""

    _auto_class = "AutoModelForImageClassification"

    def __init__(self, config: ResnetConfig):
        super().__init__(config, num_classes=config.num_labels)

    def forward(
        self,
        pixel_values: Tensor,
        labels: Optional[Tensor] = None,
        output_hidden_states: Optional[bool] = None,
        return_dict: Optional[bool] = None,
    ) -> Union[tuple, ImageClassifierOutputWithNoAttention]:
        """Classify images; `labels` are targets as `classification_loss` takes them.

        Returns:
            `loss` (a scalar, with labels only), `logits` (batch, num_labels) and `hidden_states`.
        """
        features, hidden_states = self._encode(pixel_values, output_hidden_states)
        logits = self.model.forward_head(features)
        loss = None if labels is None else classification_loss(logits, labels.to(logits.device), self.config)
        output = ImageClassifierOutputWithNoAttention(loss=loss, logits=logits, hidden_states=hidden_states)
        as_dict = self.config.return_dict if return_dict is None else return_dict
        return output if as_dict else output.to_tuple()
