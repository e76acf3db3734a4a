"""Good repositories changed in the one way that a rule forbids."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .repositories import GOOD, Files, as_json, safetensors

Change = Callable[[Files], None]
CONFIGURATION, MODELING = "configuration_tiny.py", "modeling_tiny.py"
_TOKEN = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZabcdEFGH"


@dataclass(frozen=True)
class Mutant:
    """`change` makes of a good repository one that breaks `rule`, and at most the kin of it that are named."""

    rule: str
    name: str
    change: Change
    of: str = "vision"
    kin: frozenset[str] = field(default=frozenset())
    repo_id: str = "someone/tiny"

    def files(self) -> Files:
        files = GOOD[self.of]()
        before = dict(files)
        self.change(files)
        assert files != before, f"{self.name} changes nothing"
        return files


def sub(path: str, old: str, new: str) -> Change:
    """Replace a piece of a file."""

    def change(files: Files) -> None:
        assert old in files[path], (path, old)
        files[path] = files[path].replace(old, new, 1)

    return change


def put(path: str, content: str | bytes) -> Change:
    return lambda files: files.__setitem__(path, content)


def drop(*paths: str) -> Change:
    def change(files: Files) -> None:
        for path in paths:
            del files[path]

    return change


def append(path: str, content: str) -> Change:
    return lambda files: files.__setitem__(path, files[path] + content)


def entry(path: str, *keys: str, value: Any) -> Change:
    """Set an entry of a JSON file; a value of None removes it."""

    def change(files: Files) -> None:
        whole = json.loads(files[path])
        inner = whole
        for key in keys[:-1]:
            inner = inner[key]
        inner.pop(keys[-1], None) if value is None else inner.__setitem__(keys[-1], value)
        files[path] = as_json(whole)

    return change


def both(*changes: Change) -> Change:
    def change(files: Files) -> None:
        for one in changes:
            one(files)

    return change


def move(old: str, new: str) -> Change:
    return lambda files: files.__setitem__(new, files.pop(old))


def in_init(line: str) -> Change:
    """A line in the __init__ of the body, before post_init."""
    return sub(MODELING, "        self.stem =", f"        {line}\n        self.stem =")


def in_block(line: str) -> Change:
    return sub(MODELING, "        self.conv =", f"        {line}\n        self.conv =")


def in_weights(line: str) -> Change:
    """A line in _init_weights, in the branch of convolutions."""
    return sub(MODELING, "            nn.init.normal_(module.weight, std=0.02)", f"            {line}")


def in_config(line: str) -> Change:
    return sub(CONFIGURATION, "        self.depth = depth", f"        {line}")


def _mutant(
    rule: str, name: str, change: Change, *kin: str, of: str = "vision", repo_id: str = "someone/tiny"
) -> Mutant:
    return Mutant(rule, name, change, of, frozenset(kin), repo_id)


_M = _mutant
_SHARD = "model-00001-of-00002.safetensors"
_BODY = "        return x * (self.weight * self.table)[:, None, None]"
_SCALE = "            module.table.copy_(torch.linspace(1, 2, len(module.table)))\n"
_AUTO = ("config.json", "auto_map")

FILES = [
    _M("auto-map-complete", "no AutoModel", entry(*_AUTO, "AutoModel", value=None)),
    _M("auto-map-complete", "no AutoConfig", entry(*_AUTO, "AutoConfig", value=None)),
    _M("auto-map-complete", "no head", entry(*_AUTO, "AutoModelForImageClassification", value=None), "architectures-known"),
    _M("auto-map-flat", "dots", entry(*_AUTO, "AutoModel", value="tiny.modeling_tiny.TinyModel"), "main-input-name"),
    _M("auto-map-flat", "slash", entry(*_AUTO, "AutoModel", value="tiny/modeling_tiny.TinyModel")),
    _M("auto-map-local", "another repository", entry(*_AUTO, "AutoModel", value="a/b--modeling_tiny.TinyModel")),
    _M("auto-map-resolves", "no such file", entry(*_AUTO, "AutoModel", value="modeling_small.TinyModel")),
    _M("auto-map-resolves", "no such class", entry(*_AUTO, "AutoModel", value="modeling_tiny.SmallModel")),
    _M("auto-map-kinds", "a config as model", entry(*_AUTO, "AutoModel", value="configuration_tiny.TinyConfig")),
    _M("auto-map-kinds", "no Auto class", entry(*_AUTO, "Model", value="modeling_tiny.TinyModel")),
    _M("config-readable", "missing", drop("config.json")),
    _M("config-readable", "no JSON", put("config.json", "{"), "auto-map-complete"),
    _M("config-readable", "a list", put("config.json", "[]")),
    _M("config-private-path", "a home", entry("config.json", "_name_or_path", value="/home/me/final")),
    _M("labels-complete", "a name too few", entry("config.json", "id2label", value={"0": "a", "2": "c"}), "x"),
    _M("labels-complete", "not the inverse", entry("config.json", "label2id", value={"cat": 1, "dog": 0, "hen": 2})),
    _M("labels-complete", "another count", entry("config.json", "num_classes", value=5)),
    _M("labels-complete", "a list", entry("config.json", "id2label", value=["cat", "dog"])),
    _M("model-type-unique", "resnet", both(entry("config.json", "model_type", value="resnet"),
       sub(CONFIGURATION, '"tiny_vision"', '"resnet"'))),  # fmt: skip
    _M("model-type-agrees", "no type", sub(CONFIGURATION, '    model_type = "tiny_vision"\n', "")),
    _M("model-type-agrees", "another", entry("config.json", "model_type", value="tiny_visions")),
    _M("class-name-unique", "ViTModel", both(sub(MODELING, "class TinyModel(", "class ViTModel("),
       sub(MODELING, "self.body = TinyModel(", "self.body = ViTModel("),
       entry(*_AUTO, "AutoModel", value="modeling_tiny.ViTModel"))),  # fmt: skip
    _M("architectures-known", "unknown", entry("config.json", "architectures", value=["TinyModelForAnything"])),
    _M("architectures-known", "missing", entry("config.json", "architectures", value=None)),
    _M("weights-present", "none", drop("model.safetensors")),
    _M("no-pickle", "torch", put("pytorch_model.bin", b"PK\x03\x04")),
    _M("no-pickle", "training arguments", put("training_args.bin", b"\x80\x02}q\x00.")),
    _M("weights-readable", "cut off", lambda files: files.update({"model.safetensors": files["model.safetensors"][:-8]})),
    _M("weights-readable", "garbage", put("model.safetensors", b"\xff" * 64)),
    _M("weights-readable", "empty", put("model.safetensors", b"")),
    _M("lfs-pointer", "weights", put("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")),
    _M("weights-index", "no shard", drop(_SHARD), of="audio"),
    _M("weights-index", "no index", drop("model.safetensors.index.json"), "weights-present", of="audio"),
    _M("weights-index", "a tensor too many", put(_SHARD, safetensors({"conv.weight": [1], "x": [1]})), of="audio"),
    _M("weights-index", "a tensor too few", put(_SHARD, safetensors({"conv.bias": [1]})), of="audio"),
    _M("weights-index", "both forms", put("model.safetensors", safetensors({"conv.weight": [1]})), of="audio"),
    _M("weights-index", "no JSON", put("model.safetensors.index.json", "{"), of="audio"),
    _M("tensor-names", "gamma", put("model.safetensors", safetensors({"body.scale.gamma": [8]}))),
    _M("stray-file", "cache", put("__pycache__/modeling_tiny.cpython-312.pyc", b"x")),
    _M("stray-file", "Finder", put(".DS_Store", b"x")),
    _M("code-flat", "package", put("tiny/modeling_tiny.py", "x = 1\n")),
    _M("no-secret", "token", append("README.md", f"\ntoken = {_TOKEN}\n")),
    _M("no-secret", "key", put("key.txt", "-----BEGIN RSA PRIVATE KEY-----\n")),
    _M("no-secret", "environment", put(".env", "A=1\n")),
    _M("repository-name", "dot", drop("merges.txt"), of="two_towers", repo_id="someone/tiny-v1.5"),
    _M("repository-name", "no namespace", drop("merges.txt"), of="two_towers", repo_id="tiny"),
    _M("lfs-rules", "no file", drop(".gitattributes")),
    _M("lfs-rules", "no rule", sub(".gitattributes", "*.safetensors", "*.unsafetensors")),
    _M("processor-present", "image", drop("preprocessor_config.json")),
    _M("processor-present", "text", drop("tokenizer_config.json", "vocab.txt"), of="text"),
    _M("processor-present", "audio", drop("preprocessor_config.json"), of="audio"),
    _M("processor-readable", "a list", put("preprocessor_config.json", "[]")),
    _M("processor-known", "removed", put("preprocessor_config.json", '{"feature_extractor_type": "ViTFeatureExtractor"}')),
    _M("processor-known", "unknown", entry("preprocessor_config.json", "image_processor_type", value="MyProcessor")),
    _M("processor-auto-map", "image", entry("preprocessor_config.json", "auto_map", value=None), "processor-known", of="resnet"),
    _M("processor-auto-map", "processor", both(*(entry(path, "auto_map", value=None) for path in (
       "processor_config.json", "preprocessor_config.json", "tokenizer_config.json"))), "processor-known", of="two_towers"),  # fmt: skip
    _M("tokenizer-pair", "text", both(
        put("tokenization_short.py", "from transformers import PreTrainedTokenizer\n\n\nclass ShortTokenizer(PreTrainedTokenizer):\n    pass\n"),
        entry("tokenizer_config.json", "auto_map", value={"AutoTokenizer": "tokenization_short.ShortTokenizer"})), of="text"),  # fmt: skip
    _M("card-present", "none", drop("README.md")),
    _M("card-valid", "no YAML", put("README.md", "---\ntags: [\n---\n")),
    _M("card-valid", "tags", sub("README.md", "[tiny]", "{tiny: 1}")),
    _M("card-valid", "other licence", sub("README.md", "apache-2.0", "other")),
    _M("card-valid", "results", sub("README.md", "tags:", "model-index: [1]\ntags:")),
    _M("card-complete", "no licence", sub("README.md", "license: apache-2.0\n", "")),
    _M("card-complete", "no metadata", put("README.md", "# A model\n")),
    _M("card-task", "text", sub("README.md", "image-classification", "text-classification")),
    _M("requirements-cover", "einops", sub(MODELING, "import torch\n", "import einops\nimport torch\n")),
    _M("requirements-cover", "no file", drop("requirements.txt"), of="resnet"),
    _M("requirements-valid", "arrow", append("requirements.txt", "timm => 1.0\n")),
]  # fmt: skip

CODE = [
    _M("code-parses", "syntax", append(MODELING, "class (:\n"), "auto-map-resolves", "auto-map-complete"),
    _M("code-parses", "Latin-1", lambda files: files.update({"helpers.py": "# é\n".encode("latin-1")})),
    _M("code-parses", "garbage", put("helpers.py", b"\x00\xff\xfe" * 40)),
    _M("import-relative-form", "from . import", sub("modeling_sound.py", "from .layers_sound import SoundNorm",
       "from . import layers_sound\nfrom .layers_sound import SoundNorm"), of="audio"),  # fmt: skip
    _M("import-relative-form", "parent", sub(MODELING, "import torch\n", "import torch\nfrom ..x import y\n")),
    _M("import-relative-form", "dotted", sub(MODELING, "import torch\n", "import torch\nfrom .a.b import y\n")),
    _M("import-missing-file", "missing", drop("layers_sound.py"), of="audio"),
    _M("import-missing-file", "docstring", sub(MODELING, '"""A tiny network for images."""',
       '"""A tiny network.\n\n    from .helpers import run\n"""')),  # fmt: skip
    _M("import-sibling", "absolute", sub(MODELING, "from .configuration_tiny", "from configuration_tiny")),
    _M("import-sibling", "package", sub(MODELING, "from .configuration_tiny", "from tiny.configuration_tiny")),
    _M("import-chain", "two levels", both(put("norms.py", "EPSILON = 1e-5\n"),
       sub("layers_sound.py", "import torch\n", "import torch\nfrom .norms import EPSILON\n")), of="audio"),  # fmt: skip
    _M("import-optional", "in a function", sub(MODELING, "    def get_input_embeddings(self):\n",
       "    def get_input_embeddings(self):\n        import matplotlib\n")),  # fmt: skip
    _M("import-optional", "for types", sub("modeling_tiny.py", "import torch\n",
       "import torch\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import jaxtyping\n")),  # fmt: skip
    _M("import-path", "sys.path", sub(MODELING, "import torch\n", "import sys\nimport torch\nsys.path.insert(0, '.')\n")),
    _M("names-removed", "pruning", sub(MODELING, "from transformers import PreTrainedModel\n",
       "from transformers import PreTrainedModel\nfrom transformers.pytorch_utils import prune_layer\n")),  # fmt: skip
    _M("names-removed", "module", sub(MODELING, "from torch import nn\n", "from torch import nn\nfrom transformers.onnx import OnnxConfig\n")),
    _M("names-too-new", "masks", sub(MODELING, "from torch import nn\n",
       "from torch import nn\nfrom transformers.masking_utils import create_causal_mask\n")),  # fmt: skip
    _M("post-init-missing", "none", sub(MODELING, "(config.hidden_size)\n        self.post_init()\n", "(config.hidden_size)\n")),
    _M("post-init-last", "a head", sub(MODELING, "        self.post_init()\n", "        self.post_init()\n        self.late = nn.Linear(1, 1)\n")),
    _M("config-class", "none", sub("modeling_short.py", "    config_class = ShortConfig\n", ""), of="text"),
    _M("main-input-name", "none", sub(MODELING, '    main_input_name = "pixel_values"\n', "")),
    _M("no-split-modules", "none", sub(MODELING, '    _no_split_modules = ["TinyBlock"]\n', "")),
    _M("input-embeddings", "none", sub(MODELING, "    def get_input_embeddings(self):\n        return None\n", "")),
    _M("loss-kwargs", "none", sub(MODELING, "    accepts_loss_kwargs = False\n", "")),
    _M("gradient-checkpointing", "never read", sub(MODELING, "            if self.gradient_checkpointing and self.training:\n"
       "                x = self._gradient_checkpointing_func(block.__call__, x)\n            else:\n                x = block(x)\n",
       "            x = block(x)\n")),  # fmt: skip
    _M("gradient-checkpointing-form", "old", sub(MODELING, "    def get_input_embeddings(self):",
       "    def _set_gradient_checkpointing(self, module, value=False):\n        pass\n\n    def get_input_embeddings(self):")),  # fmt: skip
    _M("tied-keys-list", "list", sub(MODELING, "    accepts_loss", '    _tied_weights_keys = ["a.weight"]\n    accepts_loss')),
    _M("forward-inputs", "tensor", sub(MODELING, "def forward(self, pixel_values, labels=None, return_dict=True, **kwargs):",
       "def forward(self, tensor, labels=None, return_dict=True):\n        pixel_values = tensor")),  # fmt: skip
    _M("init-in-place", "data", in_weights("module.weight.data.normal_(std=0.02)")),
    _M("init-in-place", "method", in_weights("module.weight.normal_(std=0.02)")),
    _M("init-in-place", "assigned", in_weights("module.weight.data = torch.randn_like(module.weight)")),
    _M("init-in-place", "by name", both(in_weights("normal_(module.weight)"),
       sub(MODELING, "from torch import nn\n", "from torch import nn\nfrom torch.nn.init import normal_\n"))),  # fmt: skip
    _M("init-in-place", "timm", both(in_weights("trunc_normal_(module.weight)"), append("requirements.txt", "timm\n"),
       sub(MODELING, "import torch\n", "import torch\nfrom timm.layers import trunc_normal_\n"))),  # fmt: skip
    _M("init-in-place", "a helper", both(in_weights("fill(module)"), append(MODELING, "\n\ndef fill(module):\n    module.bias.data.zero_()\n"))),
    _M("init-empty", "pass", sub("modeling_short.py", "        if isinstance(module, nn.Linear):\n"
       "            nn.init.normal_(module.weight, std=0.02)\n            nn.init.zeros_(module.bias)\n", "        pass\n"), of="text"),  # fmt: skip
    _M("init-container", "a block", sub(MODELING, "        elif isinstance(module, TinyScale):",
       "        elif isinstance(module, TinyBlock):\n            nn.init.zeros_(module.norm.weight)\n        elif isinstance(module, TinyScale):")),  # fmt: skip
    _M("init-container", "a sequence", sub(MODELING, "(nn.Conv2d, nn.Linear)", "(nn.Conv2d, nn.Sequential, nn.Linear)")),
    _M("init-reads-tensor", "item", in_init("rate = [x.item() for x in torch.linspace(0, 0.1, config.depth)]")),
    _M("init-reads-tensor", "tolist", in_init("rate = torch.linspace(0, 0.1, config.depth).tolist()")),
    _M("init-reads-tensor", "if", in_init("flag = torch.zeros(1)\n        if flag:\n            pass")),
    _M("nested-from-pretrained", "body", both(in_init('self.other = AutoModel.from_pretrained("a/b")'),
       sub(MODELING, "import PreTrainedModel", "import AutoModel, PreTrainedModel"))),  # fmt: skip
    _M("init-loads-weights", "state dict", in_init("self.load_state_dict({})")),
    _M("init-loads-weights", "timm", both(in_init('self.other = timm.create_model("resnet18", pretrained=True)'),
       sub(MODELING, "import torch\n", "import timm\nimport torch\n"), append("requirements.txt", "timm\n"))),  # fmt: skip
    _M("init-device", "cuda", in_init('self.other = nn.Linear(1, 1).to("cuda")')),
    _M("init-device", "method", in_init("self.other = nn.Linear(1, 1).cuda()")),
    _M("buffer-rebuilt", "forgotten", sub(MODELING, _SCALE, "")),
    _M("plain-tensor", "attribute", in_block("self.mean = torch.tensor([0.5])")),
    _M("parameter-names", "gamma", in_block("self.gamma = nn.Parameter(torch.ones(size))"), "init-container"),
    _M("isinstance-own-config", "modeling", in_init("assert isinstance(config, TinyConfig)")),
    _M("config-mutable-default", "list", sub(CONFIGURATION, "    def __init__", "    sizes: list = [1, 2]\n\n    def __init__")),
    _M("config-style", "fields", put(CONFIGURATION, "from transformers import PretrainedConfig\n\n\nclass TinyConfig(PretrainedConfig):\n"
       '    model_type = "tiny_vision"\n    hidden_size: int = 8\n    depth: int = 2\n')),  # fmt: skip
    _M("config-kwargs", "no kwargs", both(sub(CONFIGURATION, ", **kwargs)", ")"),
       sub(CONFIGURATION, "        super().__init__(**kwargs)", "        kwargs = {}\n        super().__init__(**kwargs)"))),  # fmt: skip
    _M("config-kwargs", "not handed on", sub(CONFIGURATION, "super().__init__(**kwargs)", "super().__init__()")),
    _M("config-defaults", "required", sub(CONFIGURATION, "hidden_size=8, depth=2", "hidden_size, depth=2")),
    _M("config-equality", "inherited", sub(CONFIGURATION, "    __eq__ = PretrainedConfig.__eq__\n", "")),
    _M("config-num-classes", "plain", both(sub(CONFIGURATION, '    attribute_map = {"num_classes": "num_labels"}\n', ""),
       in_config("self.num_classes = num_classes"))),  # fmt: skip
    _M("config-num-labels", "default", sub(CONFIGURATION, "super().__init__(**kwargs)", "super().__init__(num_labels=1000, **kwargs)")),
    _M("config-generation-names", "temperature", in_config("self.temperature = 0.07")),
    _M("config-json", "a module", both(in_config("self.act = nn.GELU()"),
       sub(CONFIGURATION, "from transformers", "from torch import nn\nfrom transformers"))),  # fmt: skip
    _M("config-json", "a set", in_config("self.sizes = {1, 2}")),
    _M("code-network", "requests", both(sub(MODELING, "import torch\n", "import requests\nimport torch\n"), append("requirements.txt", "requests\n"))),
    _M("code-network", "hub", sub(MODELING, "from torch import nn\n", "from huggingface_hub import hf_hub_download\nfrom torch import nn\nhf_hub_download('a/b', 'c')\n")),
    _M("code-process", "subprocess", sub(MODELING, "import torch\n", "import subprocess\nimport torch\n")),
    _M("code-process", "os.system", sub(MODELING, "import torch\n", "import os\nimport torch\nos.system('ls')\n")),
    _M("code-eval", "eval", in_init('self.act = eval("nn.GELU()")')),
    _M("code-eval", "exec", in_init('exec("x = 1")')),
    _M("code-writes", "open", in_init('open("log.txt", "w").close()')),
    _M("code-writes", "remove", sub(MODELING, "import torch\n", "import shutil\nimport torch\nshutil.rmtree('x')\n")),
    _M("code-unpickles", "pickle", sub(MODELING, "import torch\n", "import pickle\nimport torch\npickle.loads(b'')\n")),
    _M("code-unpickles", "torch.load", sub(MODELING, "from torch import nn\n", "from torch import nn\ntorch.load('x')\n")),
    _M("code-exits", "sys.exit", sub(MODELING, "import torch\n", "import sys\nimport torch\nsys.exit(0)\n")),
    _M("code-data-file", "beside", in_init("name = __file__")),
    _M("code-registers", "AutoConfig", both(append(CONFIGURATION, '\n\nAutoConfig.register("tiny_vision", TinyConfig)\n'),
       sub(CONFIGURATION, "import PretrainedConfig", "import AutoConfig, PretrainedConfig"))),  # fmt: skip
    _M("mlinter", "values in forward", sub(MODELING, "        x = self.scale(x)\n", "        x = self.scale(x)\n        x.sum().item()\n")),
]  # fmt: skip

MUTANTS = FILES + CODE
