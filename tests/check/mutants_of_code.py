"""Mutants of the rules over code."""

from .mutants import (
    CONFIGURATION,
    MODELING,
    append,
    both,
    drop,
    in_block,
    in_config,
    in_init,
    in_weights,
    mutant,
    put,
    sub,
)

_M = mutant
_SCALE = "            module.table.copy_(torch.linspace(1, 2, len(module.table)))\n"

CODE = [
    _M("code-parses", "syntax", append(MODELING, "class (:\n")),
    _M("code-parses", "Latin-1", lambda files: files.update({"helpers.py": "# é\n".encode("latin-1")})),
    _M("code-parses", "garbage", put("helpers.py", b"\x00\xff\xfe" * 40)),
    _M(
        "import-relative-form",
        "from . import",
        sub(
            "modeling_sound.py",
            "from .layers_sound import SoundNorm",
            "from . import layers_sound\nfrom .layers_sound import SoundNorm",
        ),
        of="audio",
    ),
    _M("import-relative-form", "parent", sub(MODELING, "import torch\n", "import torch\nfrom ..x import y\n")),
    _M("import-relative-form", "dotted", sub(MODELING, "import torch\n", "import torch\nfrom .a.b import y\n")),
    _M("import-missing-file", "missing", drop("layers_sound.py"), of="audio"),
    _M(
        "import-missing-file",
        "docstring",
        sub(MODELING, '"""A tiny network for images."""', '"""A tiny network.\n\n    from .helpers import run\n"""'),
    ),
    _M("import-sibling", "absolute", sub(MODELING, "from .configuration_tiny", "from configuration_tiny")),
    _M("import-sibling", "package", sub(MODELING, "from .configuration_tiny", "from tiny.configuration_tiny")),
    _M(
        "import-chain",
        "two levels",
        both(
            put("norms.py", "EPSILON = 1e-5\n"),
            sub("layers_sound.py", "import torch\n", "import torch\nfrom .norms import EPSILON\n"),
        ),
        of="audio",
    ),
    _M(
        "import-optional",
        "in a function",
        sub(
            MODELING,
            "    def get_input_embeddings(self):\n",
            "    def get_input_embeddings(self):\n        import matplotlib\n",
        ),
    ),
    _M(
        "import-optional",
        "for types",
        sub(
            "modeling_tiny.py",
            "import torch\n",
            "import torch\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import jaxtyping\n",
        ),
    ),
    _M(
        "import-path",
        "sys.path",
        sub(MODELING, "import torch\n", "import sys\nimport torch\nsys.path.insert(0, '.')\n"),
    ),
    _M(
        "names-removed",
        "pruning",
        sub(
            MODELING,
            "from transformers import PreTrainedModel\n",
            "from transformers import PreTrainedModel\nfrom transformers.pytorch_utils import prune_layer\n",
        ),
    ),
    _M(
        "names-removed",
        "module",
        sub(MODELING, "from torch import nn\n", "from torch import nn\nfrom transformers.onnx import OnnxConfig\n"),
    ),
    _M(
        "names-too-new",
        "masks",
        sub(
            MODELING,
            "from torch import nn\n",
            "from torch import nn\nfrom transformers.masking_utils import create_causal_mask\n",
        ),
    ),
    _M("auto-class-named", "nothing", sub(MODELING, '    _auto_class = "AutoModel"\n', "")),
    _M(
        "auto-class-named",
        "of the class that it inherits from",
        sub(
            MODELING,
            "class TinyModelForImageClassification(TinyPreTrainedModel):\n"
            '    _auto_class = "AutoModelForImageClassification"',
            "class TinyModelForImageClassification(TinyModel):",
        ),
    ),
    _M(
        "auto-class-named",
        "another",
        sub(MODELING, '_auto_class = "AutoModel"\n', '_auto_class = "AutoModelForCTC"\n'),
    ),
    _M(
        "post-init-missing",
        "none",
        sub(MODELING, "(config.hidden_size)\n        self.post_init()\n", "(config.hidden_size)\n"),
    ),
    _M(
        "post-init-last",
        "a head",
        sub(MODELING, "        self.post_init()\n", "        self.post_init()\n        self.late = nn.Linear(1, 1)\n"),
    ),
    _M("config-class", "none", sub("modeling_short.py", "    config_class = ShortConfig\n", ""), of="text"),
    _M("main-input-name", "none", sub(MODELING, '    main_input_name = "pixel_values"\n', "")),
    _M("no-split-modules", "none", sub(MODELING, '    _no_split_modules = ["TinyBlock"]\n', "")),
    _M("input-embeddings", "none", sub(MODELING, "    def get_input_embeddings(self):\n        return None\n", "")),
    _M("loss-kwargs", "none", sub(MODELING, "    accepts_loss_kwargs = False\n", "")),
    _M(
        "gradient-checkpointing",
        "never read",
        sub(
            MODELING,
            "            if self.gradient_checkpointing and self.training:\n"
            "                x = self._gradient_checkpointing_func(block.__call__, x)\n"
            "            else:\n                x = block(x)\n",
            "            x = block(x)\n",
        ),
    ),
    _M(
        "gradient-checkpointing-form",
        "old",
        sub(
            MODELING,
            "    def get_input_embeddings(self):",
            "    def _set_gradient_checkpointing(self, module, value=False):\n        pass\n\n"
            "    def get_input_embeddings(self):",
        ),
    ),
    _M(
        "tied-keys-list",
        "list",
        sub(MODELING, "    accepts_loss", '    _tied_weights_keys = ["a.weight"]\n    accepts_loss'),
    ),
    _M(
        "forward-inputs",
        "tensor",
        sub(
            MODELING,
            "def forward(self, pixel_values, labels=None, return_dict=True, **kwargs):",
            "def forward(self, tensor, labels=None, return_dict=True):\n        pixel_values = tensor",
        ),
    ),
    _M("init-in-place", "data", in_weights("module.weight.data.normal_(std=0.02)")),
    _M("init-in-place", "method", in_weights("module.weight.normal_(std=0.02)")),
    _M("init-in-place", "assigned", in_weights("module.weight.data = torch.randn_like(module.weight)")),
    _M(
        "init-in-place",
        "by name",
        both(
            in_weights("normal_(module.weight)"),
            sub(MODELING, "from torch import nn\n", "from torch import nn\nfrom torch.nn.init import normal_\n"),
        ),
    ),
    _M(
        "init-in-place",
        "timm",
        both(
            in_weights("trunc_normal_(module.weight)"),
            append("requirements.txt", "timm\n"),
            sub(MODELING, "import torch\n", "import torch\nfrom timm.layers import trunc_normal_\n"),
        ),
    ),
    _M(
        "init-in-place",
        "a helper",
        both(in_weights("fill(module)"), append(MODELING, "\n\ndef fill(module):\n    module.bias.data.zero_()\n")),
    ),
    _M(
        "init-inherited",
        "torchvision",
        both(
            sub("modeling_short.py", "    def _init_weights(self, module):", "    def other(self, module):"),
            sub("modeling_short.py", "from torch import nn\n", "import torchvision\nfrom torch import nn\n"),
            sub(
                "modeling_short.py",
                "        self.classifier =",
                "        self.image = torchvision.models.resnet18()\n        self.classifier =",
            ),
            append("requirements.txt", "torchvision\n"),
        ),
        of="text",
    ),
    _M(
        "forward-logits",
        "a tensor",
        both(
            sub(
                "modeling_sound.py",
                "        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)\n"
                "        return SequenceClassifierOutput(loss=loss, logits=logits)\n",
                "        return scores\n",
            ),
            sub("modeling_sound.py", "        logits = self", "        scores = self"),
        ),
        of="audio",
    ),
    _M(
        "init-empty",
        "pass",
        sub(
            "modeling_short.py",
            "        if isinstance(module, nn.Linear):\n"
            "            nn.init.normal_(module.weight, std=0.02)\n            nn.init.zeros_(module.bias)\n",
            "        pass\n",
        ),
        of="text",
    ),
    _M(
        "init-container",
        "a block",
        sub(
            MODELING,
            "        elif isinstance(module, TinyScale):",
            "        elif isinstance(module, TinyBlock):\n            nn.init.zeros_(module.norm.weight)\n"
            "        elif isinstance(module, TinyScale):",
        ),
    ),
    _M(
        "init-container",
        "a sequence",
        sub(MODELING, "(nn.Conv2d, nn.Linear)", "(nn.Conv2d, nn.Sequential, nn.Linear)"),
    ),
    _M("init-reads-tensor", "item", in_init("rate = [x.item() for x in torch.linspace(0, 0.1, config.depth)]")),
    _M("init-reads-tensor", "tolist", in_init("rate = torch.linspace(0, 0.1, config.depth).tolist()")),
    _M("init-reads-tensor", "if", in_init("flag = torch.zeros(1)\n        if flag:\n            pass")),
    _M(
        "nested-from-pretrained",
        "body",
        both(
            in_init('self.other = AutoModel.from_pretrained("a/b")'),
            sub(MODELING, "import PreTrainedModel", "import AutoModel, PreTrainedModel"),
        ),
    ),
    _M("init-loads-weights", "state dict", in_init("self.load_state_dict({})")),
    _M(
        "init-loads-weights",
        "timm",
        both(
            in_init('self.other = timm.create_model("resnet18", pretrained=True)'),
            sub(MODELING, "import torch\n", "import timm\nimport torch\n"),
            append("requirements.txt", "timm\n"),
        ),
    ),
    _M("init-device", "cuda", in_init('self.other = nn.Linear(1, 1).to("cuda")')),
    _M("init-device", "method", in_init("self.other = nn.Linear(1, 1).cuda()")),
    _M("buffer-rebuilt", "forgotten", sub(MODELING, _SCALE, "")),
    _M("plain-tensor", "attribute", in_block("self.mean = torch.tensor([0.5])")),
    _M("parameter-names", "gamma", in_block("self.gamma = nn.Parameter(torch.ones(size))")),
    _M("isinstance-own-config", "modeling", in_init("assert isinstance(config, TinyConfig)")),
    _M(
        "config-mutable-default",
        "list",
        sub(CONFIGURATION, "    def __init__", "    sizes: list = [1, 2]\n\n    def __init__"),
    ),
    _M(
        "config-style",
        "fields",
        put(
            CONFIGURATION,
            "from transformers import PretrainedConfig\n\n\nclass TinyConfig(PretrainedConfig):\n"
            '    model_type = "tiny_vision"\n    hidden_size: int = 8\n    depth: int = 2\n',
        ),
    ),
    _M(
        "config-kwargs",
        "no kwargs",
        both(
            sub(CONFIGURATION, ", **kwargs)", ")"),
            sub(
                CONFIGURATION,
                "        super().__init__(**kwargs)",
                "        kwargs = {}\n        super().__init__(**kwargs)",
            ),
        ),
    ),
    _M("config-kwargs", "not handed on", sub(CONFIGURATION, "super().__init__(**kwargs)", "super().__init__()")),
    _M("config-defaults", "required", sub(CONFIGURATION, "hidden_size=8, depth=2", "hidden_size, depth=2")),
    _M("config-equality", "inherited", sub(CONFIGURATION, "    __eq__ = PretrainedConfig.__eq__\n", "")),
    _M(
        "config-num-classes",
        "plain",
        both(
            sub(CONFIGURATION, '    attribute_map = {"num_classes": "num_labels"}\n', ""),
            in_config("self.num_classes = num_classes"),
        ),
    ),
    _M(
        "config-num-labels",
        "default",
        sub(CONFIGURATION, "super().__init__(**kwargs)", "super().__init__(num_labels=1000, **kwargs)"),
    ),
    _M("config-generation-names", "temperature", in_config("self.temperature = 0.07")),
    _M(
        "config-json",
        "a module",
        both(
            in_config("self.act = nn.GELU()"),
            sub(CONFIGURATION, "from transformers", "from torch import nn\nfrom transformers"),
        ),
    ),
    _M("config-json", "a set", in_config("self.sizes = {1, 2}")),
    _M(
        "code-network",
        "requests",
        both(
            sub(MODELING, "import torch\n", "import requests\nimport torch\n"),
            append("requirements.txt", "requests\n"),
        ),
    ),
    _M(
        "code-network",
        "hub",
        sub(
            MODELING,
            "from torch import nn\n",
            "from huggingface_hub import hf_hub_download\nfrom torch import nn\nhf_hub_download('a/b', 'c')\n",
        ),
    ),
    _M("code-process", "subprocess", sub(MODELING, "import torch\n", "import subprocess\nimport torch\n")),
    _M("code-process", "os.system", sub(MODELING, "import torch\n", "import os\nimport torch\nos.system('ls')\n")),
    _M("code-eval", "eval", in_init('self.act = eval("nn.GELU()")')),
    _M("code-eval", "exec", in_init('exec("x = 1")')),
    _M("code-writes", "open", in_init('open("log.txt", "w").close()')),
    _M("code-writes", "remove", sub(MODELING, "import torch\n", "import shutil\nimport torch\nshutil.rmtree('x')\n")),
    _M(
        "code-unpickles", "pickle", sub(MODELING, "import torch\n", "import pickle\nimport torch\npickle.loads(b'')\n")
    ),
    _M(
        "code-unpickles",
        "torch.load",
        sub(MODELING, "from torch import nn\n", "from torch import nn\ntorch.load('x')\n"),
    ),
    _M("code-exits", "sys.exit", sub(MODELING, "import torch\n", "import sys\nimport torch\nsys.exit(0)\n")),
    _M("code-data-file", "beside", in_init("name = __file__")),
    _M(
        "code-registers",
        "AutoConfig",
        both(
            append(CONFIGURATION, '\n\nAutoConfig.register("tiny_vision", TinyConfig)\n'),
            sub(CONFIGURATION, "import PretrainedConfig", "import AutoConfig, PretrainedConfig"),
        ),
    ),
    _M(
        "mlinter",
        "values in forward",
        sub(MODELING, "        x = self.scale(x)\n", "        x = self.scale(x)\n        x.sum().item()\n"),
    ),
]
