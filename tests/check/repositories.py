"""Good repositories, as files by name: made of text and a few bytes, without a framework.

Their code is what a careful author would write; the static rules find nothing in any of them.
"""

import json
import struct
from pathlib import Path
from typing import Any

from scripts.hub_ready.check.files.git import HUB_PATTERNS

ROOT = Path(__file__).resolve().parents[2]
Files = dict[str, str | bytes]


def safetensors(shapes: dict[str, list[int]]) -> bytes:
    """A weight file of float32 zeros."""
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 4
        for side in shape:
            size *= side
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(offset)


def write(folder: Path, files: Files) -> Path:
    """Write the files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def _card(task: str | None) -> str:
    tag = f"pipeline_tag: {task}\n" if task else ""
    return f"---\nlibrary_name: transformers\nlicense: apache-2.0\n{tag}tags: [tiny]\n---\n\n# A tiny model\n"


def _common(task: str | None, requirements: str) -> Files:
    rules = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in HUB_PATTERNS)
    return {"README.md": _card(task), "requirements.txt": requirements, ".gitattributes": rules}


def _config(model_type: str, architecture: str, auto_map: dict[str, str], **fields: Any) -> str:
    return as_json({"architectures": [architecture], "auto_map": auto_map, "model_type": model_type, **fields})


def resnet(**fields: Any) -> Files:
    """The export of this repository's own code."""
    manifest = json.loads((ROOT / "config.json").read_text())
    processors = {"AutoImageProcessor": "preprocessor_config.json"}
    flat = {key: value.split("/")[-1] for key, value in manifest["auto_map"].items()}
    model_map = {key: value for key, value in flat.items() if key not in processors}
    names = {value.split(".")[0] + ".py" for value in flat.values()}
    code = {name: (ROOT / "resnet_model" / name).read_text() for name in names}
    processor = {"auto_map": {key: flat[key] for key in processors}, "image_processor_type": "ResnetImageProcessor"}
    requirements = (ROOT / "requirements.txt").read_text()
    return {
        **_common("image-classification", requirements),
        **code,
        "config.json": as_json({**manifest, "auto_map": model_map, **fields}),
        "preprocessor_config.json": as_json({**processor, "input_size": [3, 224, 224]}),
        "model.safetensors": safetensors({"model.conv1.weight": [2, 3, 1, 1], "model.fc.weight": [2, 2]}),
    }


def blur_resnet() -> Files:
    """The same with anti-aliasing: its filters are non-persistent buffers, which the code rebuilds."""
    return resnet(aa_layer="blur")


_CONFIGURATION = '''"""Configuration of a tiny model."""

from transformers import PretrainedConfig


class {name}Config(PretrainedConfig):
    model_type = "{model_type}"
    attribute_map = {{"num_classes": "num_labels"}}
    __eq__ = PretrainedConfig.__eq__

    def __init__(self, hidden_size=8, depth=2, num_classes=None, **kwargs):
        self.hidden_size = hidden_size
        self.depth = depth
        if num_classes is not None and "num_labels" not in kwargs and "id2label" not in kwargs:
            kwargs["num_labels"] = num_classes
        super().__init__(**kwargs)

    def to_dict(self):
        return {{**super().to_dict(), "num_classes": self.num_labels}}
'''

_VISION = '''"""A tiny network for images."""

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import (
    BaseModelOutputWithPoolingAndNoAttention,
    ImageClassifierOutputWithNoAttention,
)

from .configuration_tiny import TinyConfig


class TinyScale(nn.Module):
    """A table of constants, which no checkpoint holds."""

    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.register_buffer("table", torch.linspace(1, 2, size), persistent=False)

    def forward(self, x):
        return x * (self.weight * self.table)[:, None, None]


class TinyBlock(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.conv = nn.Conv2d(size, size, 3, padding=1)
        self.norm = nn.BatchNorm2d(size)
        self.norm.zero_init = True

    def forward(self, x):
        return x + self.norm(self.conv(x))


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
            nn.init.constant_(module.weight, 0.0 if getattr(module, "zero_init", False) else 1.0)
            nn.init.zeros_(module.bias)
            nn.init.zeros_(module.running_mean)
            nn.init.ones_(module.running_var)
            nn.init.zeros_(module.num_batches_tracked)
        elif isinstance(module, TinyScale):
            nn.init.ones_(module.weight)
            module.table.copy_(torch.linspace(1, 2, len(module.table)))


class TinyModel(TinyPreTrainedModel):
    _auto_class = "AutoModel"

    def __init__(self, config):
        super().__init__(config)
        self.gradient_checkpointing = False
        rates = [0.1 * i / max(config.depth - 1, 1) for i in range(config.depth)]
        self.stem = nn.Conv2d(3, config.hidden_size, 4, stride=4)
        self.blocks = nn.ModuleList(TinyBlock(config.hidden_size) for _ in rates)
        self.scale = TinyScale(config.hidden_size)
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
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, pixel_values, labels=None, return_dict=True, **kwargs):
        logits = self.classifier(self.body(pixel_values).pooler_output)
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        output = ImageClassifierOutputWithNoAttention(loss=loss, logits=logits)
        return output if return_dict else output.to_tuple()
'''


def vision() -> Files:
    """Plain torch, for images, with a native processor."""
    auto_map = {
        "AutoConfig": "configuration_tiny.TinyConfig",
        "AutoModel": "modeling_tiny.TinyModel",
        "AutoModelForImageClassification": "modeling_tiny.TinyModelForImageClassification",
    }
    labels = {"id2label": {"0": "cat", "1": "dog", "2": "hen"}, "label2id": {"cat": 0, "dog": 1, "hen": 2}}
    return {
        **_common("image-classification", "torch>=2.4\ntransformers>=4.44.2\n"),
        "config.json": _config("tiny_vision", "TinyModelForImageClassification", auto_map, num_classes=3, **labels),
        "configuration_tiny.py": _CONFIGURATION.format(name="Tiny", model_type="tiny_vision"),
        "modeling_tiny.py": _VISION,
        "preprocessor_config.json": as_json(
            {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}}
        ),
        "model.safetensors": safetensors({"body.stem.weight": [8, 3, 4, 4], "classifier.weight": [3, 8]}),
    }


_TEXT = '''"""A classifier on a native BERT body."""

from torch import nn
from transformers import AutoModel, BertConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from .configuration_short import ShortConfig


class ShortForSequenceClassification(PreTrainedModel):
    _auto_class = "AutoModelForSequenceClassification"
    config_class = ShortConfig
    base_model_prefix = "body"
    supports_gradient_checkpointing = True
    _no_split_modules = ["BertLayer"]

    def __init__(self, config):
        super().__init__(config)
        self.body = AutoModel.from_config(BertConfig(hidden_size=config.hidden_size, num_attention_heads=2))
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, labels=None):
        hidden = self.body(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state
        logits = self.classifier(hidden[:, 0])
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
'''


def text() -> Files:
    """A native body under a new head, with a tokenizer's files."""
    auto_map = {
        "AutoConfig": "configuration_short.ShortConfig",
        "AutoModelForSequenceClassification": "modeling_short.ShortForSequenceClassification",
    }
    return {
        **_common("text-classification", "torch>=2.4\ntransformers>=4.44.2\n"),
        "config.json": _config("short_text", "ShortForSequenceClassification", auto_map),
        "configuration_short.py": _CONFIGURATION.format(name="Short", model_type="short_text"),
        "modeling_short.py": _TEXT,
        "tokenizer_config.json": as_json({"tokenizer_class": "BertTokenizer", "do_lower_case": True}),
        "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngood\nbad\n",
        "model.safetensors": safetensors({"body.embeddings.weight": [7, 8], "classifier.weight": [2, 8]}),
    }


_AUDIO = '''"""A tiny network for sound, with a normalisation in a file of its own."""

from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from .configuration_sound import SoundConfig
from .layers_sound import SoundNorm

try:
    import torchaudio
except ImportError:
    torchaudio = None


class SoundForAudioClassification(PreTrainedModel):
    _auto_class = "AutoModelForAudioClassification"
    config_class = SoundConfig
    main_input_name = "input_values"
    _no_split_modules = []

    def __init__(self, config):
        super().__init__(config)
        self.conv = nn.Conv1d(1, config.hidden_size, 16, stride=8)
        self.norm = SoundNorm(config.hidden_size)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def get_input_embeddings(self):
        return None

    def _init_weights(self, module):
        if isinstance(module, (nn.Conv1d, nn.Linear)):
            module.reset_parameters()
        elif isinstance(module, SoundNorm):
            nn.init.ones_(module.scale)

    def forward(self, input_values, attention_mask=None, labels=None):
        hidden = self.norm(self.conv(input_values[:, None]).mean(-1))
        logits = self.classifier(hidden)
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
'''

_AUDIO_LAYERS = '''"""Layers of the sound network."""

import torch
from torch import nn


class SoundNorm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return self.scale * x / (x.std(-1, keepdim=True) + 1e-5)
'''


def audio() -> Files:
    """Plain torch, for sound, with a native feature extractor and a helper file; two shards and an index."""
    auto_map = {
        "AutoConfig": "configuration_sound.SoundConfig",
        "AutoModelForAudioClassification": "modeling_sound.SoundForAudioClassification",
    }
    shards = {
        "model-00001-of-00002.safetensors": {"conv.weight": [8, 1, 16]},
        "model-00002-of-00002.safetensors": {"classifier.weight": [2, 8]},
    }
    weight_map = {name: file for file, shapes in shards.items() for name in shapes}
    return {
        **_common("audio-classification", "torch>=2.4\ntransformers>=4.44.2\n"),
        "config.json": _config("tiny_sound", "SoundForAudioClassification", auto_map),
        "configuration_sound.py": _CONFIGURATION.format(name="Sound", model_type="tiny_sound"),
        "modeling_sound.py": _AUDIO,
        "layers_sound.py": _AUDIO_LAYERS,
        "preprocessor_config.json": as_json({"feature_extractor_type": "Wav2Vec2FeatureExtractor"}),
        **{file: safetensors(shapes) for file, shapes in shards.items()},
        "model.safetensors.index.json": as_json({"metadata": {"total_size": 576}, "weight_map": weight_map}),
    }


_TWO_TOWERS = '''"""Images and texts in one space."""

import math

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from .configuration_pair import PairConfig


class PairTower(nn.Module):
    def __init__(self, size, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(size, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, x):
        return nn.functional.normalize(self.layers(x), dim=-1)


class PairModel(PreTrainedModel):
    _auto_class = "AutoModel"
    config_class = PairConfig
    main_input_name = "pixel_values"
    _no_split_modules = ["PairTower"]

    def __init__(self, config):
        super().__init__(config)
        self.tokens = nn.Embedding(49408, config.hidden_size)
        self.image_tower = PairTower(3, config.hidden_size)
        self.text_tower = PairTower(config.hidden_size, config.hidden_size)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.post_init()

    def get_input_embeddings(self):
        return self.tokens

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
        if isinstance(module, PairModel):
            nn.init.constant_(module.logit_scale, math.log(1 / 0.07))

    def get_image_features(self, pixel_values):
        return self.image_tower(pixel_values.mean((2, 3)))

    def get_text_features(self, input_ids):
        return self.text_tower(self.tokens(input_ids).mean(1))

    def forward(self, pixel_values=None, input_ids=None, attention_mask=None):
        images, texts = self.get_image_features(pixel_values), self.get_text_features(input_ids)
        scores = self.logit_scale.exp() * images @ texts.T
        return ModelOutput(logits_per_image=scores, image_embeds=images, text_embeds=texts)
'''

_PROCESSOR = '''"""Images and texts, made ready together."""

from transformers import ProcessorMixin


class PairProcessor(ProcessorMixin):
    attributes = ["image_processor", "tokenizer"]
    image_processor_class = "AutoImageProcessor"
    tokenizer_class = "AutoTokenizer"
'''


def two_towers() -> Files:
    """Two encoders, with a processor of the repository's own."""
    auto_map = {"AutoConfig": "configuration_pair.PairConfig", "AutoModel": "modeling_pair.PairModel"}
    processor = {"processor_class": "PairProcessor", "auto_map": {"AutoProcessor": "processing_pair.PairProcessor"}}
    return {
        **_common("feature-extraction", "torch>=2.4\ntransformers>=4.44.2\n"),
        "config.json": _config("tiny_pair", "PairModel", auto_map),
        "configuration_pair.py": _CONFIGURATION.format(name="Pair", model_type="tiny_pair"),
        "modeling_pair.py": _TWO_TOWERS,
        "processing_pair.py": _PROCESSOR,
        "processor_config.json": as_json(processor),
        "preprocessor_config.json": as_json({"image_processor_type": "CLIPImageProcessor", **processor}),
        "tokenizer_config.json": as_json({"tokenizer_class": "CLIPTokenizer", **processor}),
        "vocab.json": as_json({"a": 0, "b": 1}),
        "merges.txt": "#version: 0.2\n",
        "model.safetensors": safetensors({"tokens.weight": [4, 8], "logit_scale": []}),
    }


GOOD = {make.__name__: make for make in (resnet, blur_resnet, vision, text, audio, two_towers)}
