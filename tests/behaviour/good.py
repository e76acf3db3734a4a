"""Repositories that do everything right, as files by name; `fill.py` adds their weights."""

import json
from typing import Any

from tests.check import repositories
from tests.check.repositories import Files, as_json

common = repositories._common

WORDS = [
    "a",
    "small",
    "test",
    "another",
    "of",
    "longer",
    "sentence",
    "with",
    "some",
    "more",
    "words",
    "in",
    "it",
    "one",
]

_CONFIGURATION = '''"""Configuration of a tiny model."""

from transformers import PretrainedConfig


class {name}Config(PretrainedConfig):
    model_type = "{model_type}"
    __eq__ = PretrainedConfig.__eq__

    def __init__(self, width=8, depth=2, dropout=0.1, **kwargs):
        self.width = width
        self.depth = depth
        self.dropout = dropout
        super().__init__(**kwargs)
'''


def _config(model_type: str, architecture: str, auto_map: dict[str, str], **fields: Any) -> str:
    return as_json({"architectures": [architecture], "auto_map": auto_map, "model_type": model_type, **fields})


_LABELS = {"id2label": {"0": "cat", "1": "dog", "2": "hen"}, "label2id": {"cat": 0, "dog": 1, "hen": 2}}


def _tokenizer() -> Files:
    """A word tokenizer, in the form that every version reads."""
    vocabulary = {word: index for index, word in enumerate(["[PAD]", "[UNK]", *sorted(set(WORDS))])}
    specials = [
        {"id": index, "content": word, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
        for index, word in enumerate(["[PAD]", "[UNK]"])
    ]  # fmt: skip
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": specials, "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }  # fmt: skip
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "model_max_length": 32,
        "model_input_names": ["input_ids", "attention_mask"],
    }
    return {"tokenizer.json": json.dumps(tokenizer), "tokenizer_config.json": as_json(settings)}


def resnet(**fields: Any) -> Files:
    """This repository's own code, tiny."""
    tiny = {
        "layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8], "stem_width": 8, "num_classes": 3, "stem_type": "deep",
        "block_type": "basic",
    } | fields  # fmt: skip
    files = repositories.resnet(**tiny)
    processor = json.loads(files["preprocessor_config.json"])
    processor["input_size"] = [3, 64, 64]
    del files["model.safetensors"]
    return {**files, "preprocessor_config.json": as_json(processor)}


def blur_resnet() -> Files:
    """The same with BlurPool, whose filters are buffers that no checkpoint holds."""
    return resnet(aa_layer="blur")


_VISION = '''"""A tiny network for images."""

import torch
import torch.nn.functional as F
from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import (
    BaseModelOutputWithPoolingAndNoAttention,
    ImageClassifierOutputWithNoAttention,
)

from .configuration_tiny import TinyConfig
from .layers_tiny import TinyBlock, TinyScale


class TinyPreTrainedModel(PreTrainedModel):
    config_class = TinyConfig
    base_model_prefix = "body"
    main_input_name = "pixel_values"
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False
    _no_split_modules = ["TinyBlock"]

    def get_input_embeddings(self):
        return None

    def _init_weights(self, module):
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
            nn.init.zeros_(module.running_mean)
            nn.init.ones_(module.running_var)
            nn.init.zeros_(module.num_batches_tracked)
        elif isinstance(module, TinyScale):
            nn.init.ones_(module.gain)
            module.table.copy_(torch.linspace(1, 2, len(module.table)))


class TinyModel(TinyPreTrainedModel):
    _auto_class = "AutoModel"

    def __init__(self, config):
        super().__init__(config)
        self.gradient_checkpointing = False
        self.stem = nn.Conv2d(3, config.width, 4, stride=4)
        self.blocks = nn.ModuleList([TinyBlock(config.width) for _ in range(config.depth)])
        self.scale = TinyScale(config.width)
        self.post_init()

    def forward(self, pixel_values):
        x = self.stem(pixel_values)
        for block in self.blocks:
            if self.gradient_checkpointing and self.training:
                x = self._gradient_checkpointing_func(block.__call__, x)
            else:
                x = block(x)
        x = self.scale(x)
        return BaseModelOutputWithPoolingAndNoAttention(last_hidden_state=x, pooler_output=x.mean((2, 3)))


class TinyModelForImageClassification(TinyPreTrainedModel):
    _auto_class = "AutoModelForImageClassification"

    def __init__(self, config):
        super().__init__(config)
        self.body = TinyModel(config)
        self.classifier = nn.Linear(config.width, config.num_labels)
        self.post_init()

    def forward(self, pixel_values, labels=None):
        features = self.body(pixel_values).pooler_output
        features = F.dropout(features, self.config.dropout, training=self.training)
        logits = self.classifier(features)
        loss = None if labels is None else F.cross_entropy(logits, labels)
        return ImageClassifierOutputWithNoAttention(loss=loss, logits=logits)
'''

_VISION_LAYERS = '''"""Layers of the tiny network."""

import torch
import torch.nn.functional as F
from torch import nn


class TinyScale(nn.Module):
    """A gain for each channel, times constants that no checkpoint holds."""

    def __init__(self, width):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.register_buffer("table", torch.linspace(1, 2, width), persistent=False)

    def forward(self, x):
        return x * (self.gain * self.table)[:, None, None]


class TinyBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return x + F.relu(self.norm(self.conv(x)))
'''


def vision() -> Files:
    """Plain torch for images, with a helper file and a native processor."""
    auto_map = {
        "AutoConfig": "configuration_tiny.TinyConfig",
        "AutoModel": "modeling_tiny.TinyModel",
        "AutoModelForImageClassification": "modeling_tiny.TinyModelForImageClassification",
    }
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
    return {
        **common("image-classification", "torch>=2.4\ntransformers>=4.44.2\n"),
        "config.json": _config("tiny_vision", "TinyModelForImageClassification", auto_map, **_LABELS),
        "configuration_tiny.py": _CONFIGURATION.format(name="Tiny", model_type="tiny_vision"),
        "modeling_tiny.py": _VISION,
        "layers_tiny.py": _VISION_LAYERS,
        "preprocessor_config.json": as_json(processor),
    }


def exportable() -> Files:
    """The same, claiming that it can be captured in one graph."""
    files = vision()
    marks = (
        "supports_gradient_checkpointing = True",
        "supports_gradient_checkpointing = True\n    _can_compile_fullgraph = True",
    )
    return {**files, "modeling_tiny.py": files["modeling_tiny.py"].replace(*marks)}


_TEXT = '''"""A classifier on a native BERT body."""

import torch.nn.functional as F
from torch import nn
from transformers import BertModel, BertPreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from .configuration_short import ShortConfig


class ShortForSequenceClassification(BertPreTrainedModel):
    _auto_class = "AutoModelForSequenceClassification"
    config_class = ShortConfig
    _no_split_modules = ["BertLayer"]

    def __init__(self, config):
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids=None, attention_mask=None, labels=None):
        hidden = self.bert(input_ids, attention_mask=attention_mask).last_hidden_state
        logits = self.classifier(self.dropout(hidden[:, 0]))
        loss = None if labels is None else F.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
'''

_TEXT_CONFIGURATION = '''"""Configuration of a BERT under a head of its own."""

from transformers import BertConfig


class ShortConfig(BertConfig):
    model_type = "short_text"
'''


def text() -> Files:
    """A native body under a new head, with a tokenizer."""
    auto_map = {
        "AutoConfig": "configuration_short.ShortConfig",
        "AutoModelForSequenceClassification": "modeling_short.ShortForSequenceClassification",
    }
    body = {
        "hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2,
        "max_position_embeddings": 32, "vocab_size": 20,
    }  # fmt: skip
    return {
        **common("text-classification", "torch>=2.4\ntransformers>=4.44.2\n"),
        **_tokenizer(),
        "config.json": _config("short_text", "ShortForSequenceClassification", auto_map, **body, **_LABELS),
        "configuration_short.py": _TEXT_CONFIGURATION,
        "modeling_short.py": _TEXT,
    }


_AUDIO = '''"""A tiny network for sound."""

import torch
import torch.nn.functional as F
from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from .configuration_sound import SoundConfig


class SoundForAudioClassification(PreTrainedModel):
    _auto_class = "AutoModelForAudioClassification"
    config_class = SoundConfig
    main_input_name = "input_values"
    _no_split_modules = []

    def __init__(self, config):
        super().__init__(config)
        self.conv = nn.Conv1d(1, config.width, 16, stride=8)
        self.norm = nn.LayerNorm(config.width)
        self.classifier = nn.Linear(config.width, config.num_labels)
        self.post_init()

    def get_input_embeddings(self):
        return None

    def _init_weights(self, module):
        if isinstance(module, (nn.Conv1d, nn.Linear, nn.LayerNorm)):
            module.reset_parameters()

    def forward(self, input_values, attention_mask=None, labels=None):
        hidden = self.norm(F.gelu(self.conv(input_values[:, None])).transpose(1, 2))
        if attention_mask is None:
            attention_mask = torch.ones_like(input_values)
        frames = (attention_mask.sum(-1, keepdim=True) - 16) // 8 + 1
        steps = torch.arange(hidden.shape[1], device=hidden.device)
        mask = (steps < frames).to(hidden.dtype)[..., None]
        logits = self.classifier((hidden * mask).sum(1) / mask.sum(1))
        loss = None if labels is None else F.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
'''


def audio() -> Files:
    """Plain torch for sound, with a native feature extractor."""
    auto_map = {
        "AutoConfig": "configuration_sound.SoundConfig",
        "AutoModelForAudioClassification": "modeling_sound.SoundForAudioClassification",
    }
    extractor = {
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "sampling_rate": 2000,
        "return_attention_mask": True,
    }
    return {
        **common("audio-classification", "torch>=2.4\ntransformers>=4.44.2\n"),
        "config.json": _config("tiny_sound", "SoundForAudioClassification", auto_map, **_LABELS),
        "configuration_sound.py": _CONFIGURATION.format(name="Sound", model_type="tiny_sound"),
        "modeling_sound.py": _AUDIO,
        "preprocessor_config.json": as_json(extractor),
    }


_TWO_TOWERS = '''"""Images and texts in one space."""

import math
from dataclasses import dataclass
from typing import Optional

import torch
import torch.nn.functional as F
from torch import nn
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from .configuration_pair import PairConfig


@dataclass
class PairOutput(ModelOutput):
    logits_per_image: Optional[torch.Tensor] = None
    image_embeds: Optional[torch.Tensor] = None
    text_embeds: Optional[torch.Tensor] = None


class PairModel(PreTrainedModel):
    _auto_class = "AutoModel"
    config_class = PairConfig
    main_input_name = "pixel_values"
    _no_split_modules = []

    def __init__(self, config):
        super().__init__(config)
        self.patches = nn.Conv2d(3, config.width, 8, stride=8)
        self.tokens = nn.Embedding(20, config.width)
        self.image_head = nn.Linear(config.width, config.width)
        self.text_head = nn.Linear(config.width, config.width)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.post_init()

    def get_input_embeddings(self):
        return self.tokens

    def set_input_embeddings(self, value):
        self.tokens = value

    def _init_weights(self, module):
        if isinstance(module, (nn.Conv2d, nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.zeros_(module.bias)
        if isinstance(module, PairModel):
            nn.init.constant_(module.logit_scale, math.log(1 / 0.07))

    def get_image_features(self, pixel_values):
        return F.normalize(self.image_head(F.gelu(self.patches(pixel_values)).mean((2, 3))), dim=-1)

    def get_text_features(self, input_ids, attention_mask=None):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        hidden = self.tokens(input_ids)
        mask = attention_mask[..., None].to(hidden.dtype)
        return F.normalize(self.text_head((hidden * mask).sum(1) / mask.sum(1)), dim=-1)

    def forward(self, pixel_values=None, input_ids=None, attention_mask=None):
        images = self.get_image_features(pixel_values)
        texts = self.get_text_features(input_ids, attention_mask)
        scores = self.logit_scale.exp() * images @ texts.T
        return PairOutput(logits_per_image=scores, image_embeds=images, text_embeds=texts)
'''

_PROCESSOR = '''"""Images and texts, made ready together."""

from transformers import ProcessorMixin


class PairProcessor(ProcessorMixin):
    attributes = ["image_processor", "tokenizer"]
    image_processor_class = "AutoImageProcessor"
    tokenizer_class = "AutoTokenizer"

    def __init__(self, image_processor=None, tokenizer=None, **kwargs):
        super().__init__(image_processor, tokenizer, **kwargs)

    def __call__(self, images=None, text=None, return_tensors=None, **kwargs):
        features = self.tokenizer(text, return_tensors=return_tensors, **kwargs)
        features["pixel_values"] = self.image_processor(images, return_tensors=return_tensors)["pixel_values"]
        return features
'''


def two_towers() -> Files:
    """Two encoders, with a processor of the repository's own."""
    auto_map = {"AutoConfig": "configuration_pair.PairConfig", "AutoModel": "modeling_pair.PairModel"}
    processor = {"processor_class": "PairProcessor", "auto_map": {"AutoProcessor": "processing_pair.PairProcessor"}}
    images = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}, **processor}
    return {
        **common("feature-extraction", "torch>=2.4\ntransformers>=4.44.2\n"),
        **_tokenizer(),
        "config.json": _config("tiny_pair", "PairModel", auto_map),
        "configuration_pair.py": _CONFIGURATION.format(name="Pair", model_type="tiny_pair"),
        "modeling_pair.py": _TWO_TOWERS,
        "processing_pair.py": _PROCESSOR,
        "processor_config.json": as_json(processor),
        "preprocessor_config.json": as_json(images),
    }


GOOD = {make.__name__: make for make in (resnet, blur_resnet, vision, exportable, text, audio, two_towers)}
