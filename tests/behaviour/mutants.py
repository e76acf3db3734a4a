"""Good repositories changed in the one way that a behaviour rule forbids."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.check.repositories import Files, as_json

from .good import GOOD

Change = Callable[[Files], None]
CONFIGURATION, MODELING, LAYERS = "configuration_tiny.py", "modeling_tiny.py", "layers_tiny.py"
# What a model whose answers are not finite breaks besides.
_GARBAGE = ("outputs-finite", "loss-finite", "runs-in-bfloat16", "pipeline-answers", "batch-independent",
            "checkpointing-recomputes", "backward-reaches-all")  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`change` makes of a good repository one that breaks `rule`, and at most the kin of it that are named."""

    rule: str
    name: str
    change: Change
    of: str = "vision"
    kin: frozenset[str] = field(default=frozenset())

    def files(self) -> Files:
        """The files that differ from those of the good repository."""
        good = GOOD[self.of]()
        changed = dict(good)
        self.change(changed)
        found = {name: content for name, content in changed.items() if good.get(name) != content}
        assert found, f"{self.name} changes nothing"
        return found


def sub(path: str, *pairs: tuple[str, str]) -> Change:
    """Replace pieces of a file."""

    def change(files: Files) -> None:
        for old, new in pairs:
            assert old in files[path], (path, old)
            files[path] = files[path].replace(old, new, 1)

    return change


def put(path: str, content: str) -> Change:
    return lambda files: files.__setitem__(path, content)


def entry(path: str, key: str, value: Any) -> Change:
    """Set an entry of a JSON file."""
    return lambda files: files.__setitem__(path, as_json({**json.loads(files[path]), key: value}))


def both(*changes: Change) -> Change:
    def change(files: Files) -> None:
        for each in changes:
            each(files)

    return change


def at_import(body: str) -> Change:
    """Code that runs when the modeling file is imported."""
    return sub(MODELING, ("\n\nclass TinyPreTrainedModel", f"\n\n{body}\n\n\nclass TinyPreTrainedModel"))


def in_forward(line: str) -> Change:
    return sub(MODELING, ("        features = self.body", f"        {line}\n        features = self.body"))


def on_features(line: str) -> Change:
    return sub(MODELING, ("        features = F.dropout", f"        {line}\n        features = F.dropout"))


def in_init(line: str) -> Change:
    return sub(MODELING, ("        self.classifier =", f"        {line}\n        self.classifier ="))


def in_config(line: str) -> Change:
    return sub(CONFIGURATION, ("        self.width = width", f"        {line}\n        self.width = width"))


def _tried(call: str) -> str:
    """A call in a method, whose failure is passed over: a refusal must be seen all the same."""
    return f"try:\n            {call}\n        except OSError:\n            pass"


def _mutant(rule: str, name: str, change: Change, *kin: str, of: str = "vision") -> Mutant:
    return Mutant(rule, name, change, of, frozenset(kin))


_TO_DICT = """
    def to_dict(self):
        fields = super().to_dict()
        fields.get("auto_map", {}).pop("AutoModel", None)
        return fields
"""
_MASKED = """

class TinyForMaskedImageModeling(TinyPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.body = TinyModel(config)
        self.decoder = nn.Conv2d(config.width, 3, 1)
        self.post_init()

    def forward(self, pixel_values):
        return {"reconstruction": self.decoder(self.body(pixel_values).last_hidden_state)}
"""
_KEYS = {
    "AutoConfig": "configuration_tiny.TinyConfig",
    "AutoModel": "modeling_tiny.TinyModel",
    "AutoModelForImageClassification": "modeling_tiny.TinyModelForImageClassification",
    "AutoModelForMaskedImageModeling": "modeling_tiny.TinyForMaskedImageModeling",
}


def _method(text: str) -> Change:
    return lambda files: files.__setitem__(MODELING, files[MODELING] + text)


def _masked(files: Files) -> None:
    files[MODELING] += _MASKED
    entry("config.json", "auto_map", _KEYS)(files)


MUTANTS = [
    _mutant("config-loads", "it raises", in_config('raise ValueError("no")')),
    _mutant(
        "config-has-defaults",
        "a needed argument",
        both(sub(CONFIGURATION, ("width=8", "width")), entry("config.json", "width", 8)),
        "config-round-trip",
        "config-labels",
        "save-loads-again",
        "save-fixed-point",
        "pickles",
        "config-compares",
    ),
    _mutant(
        "config-round-trip",
        "a field that shrinks",
        sub(CONFIGURATION, ("self.dropout = dropout", "self.dropout = dropout / 2")),
        "save-fixed-point",
    ),
    _mutant("config-round-trip", "a tuple", in_config("self.sizes = (1, 2)")),
    _mutant("config-compares", "the inherited ==", sub(CONFIGURATION, ("    __eq__ = PretrainedConfig.__eq__\n", ""))),
    _mutant(
        "config-compares",
        "never equal",
        sub(CONFIGURATION, ("__eq__ = PretrainedConfig.__eq__", "__eq__ = object.__eq__")),
    ),
    _mutant(
        "config-labels",
        "a fixed number",
        sub(CONFIGURATION, ("super().__init__(**kwargs)", 'super().__init__(**{**kwargs, "num_labels": 3})')),
        "head-replaceable",
    ),
    _mutant(
        "processor-loads",
        "an unknown type",
        entry("preprocessor_config.json", "image_processor_type", "NoSuchProcessor"),
        "pipeline-answers",
        "forward-runs",
    ),
    _mutant(
        "model-loads",
        "a second argument",
        sub(
            MODELING,
            (
                '    _auto_class = "AutoModelForImageClassification"\n\n    def __init__(self, config):',
                '    _auto_class = "AutoModelForImageClassification"\n\n    def __init__(self, config, extra):',
            ),
        ),
    ),
    _mutant("model-loads", "a number from a tensor", in_init("self.rate = torch.ones(1).item()")),
    _mutant(
        "model-loads",
        "no post_init",
        sub(MODELING, ("config.num_labels)\n        self.post_init()", "config.num_labels)")),
    ),
    _mutant(
        "weights-complete",
        "a renamed module",
        sub(MODELING, ("self.classifier =", "self.head ="), ("self.classifier(", "self.head(")),
        "weights-used",
    ),
    _mutant(
        "weights-used", "a module that is not built", sub(CONFIGURATION, ("depth=2", "depth=1")), "config-round-trip"
    ),
    _mutant("other-classes-complete", "an Auto class without weights", _masked),
    _mutant(
        "weights-equal-file",
        "initialisation in place",
        sub(MODELING, ("nn.init.ones_(module.gain)", "module.gain.data.fill_(1.0)")),
    ),
    _mutant(
        "loads-in-eval-mode",
        "train for ever",
        sub(
            LAYERS,
            (
                "    def forward(self, x):\n        return x + F",
                "    def train(self, mode=True):\n        return super().train(True)\n\n"
                "    def forward(self, x):\n        return x + F",
            ),
        ),
        "batch-independent",
        "forward-is-pure",
        "eval-deterministic",
    ),
    _mutant(
        "buffers-rebuilt",
        "nobody rebuilds",
        sub(MODELING, ("            module.table.copy_(torch.linspace(1, 2, len(module.table)))\n", "")),
        *_GARBAGE,
    ),
    _mutant(
        "buffers-rebuilt", "random numbers", in_init('self.register_buffer("noise", torch.rand(3), persistent=False)')
    ),
    _mutant(
        "tensor-attributes-rebuilt",
        "a tensor",
        in_init("self.constant = torch.ones(3)"),
        "pickles",
        "head-replaceable",
    ),
    _mutant(
        "fresh-weights-finite",
        "a parameter that nobody fills",
        both(
            sub(LAYERS, ("nn.Parameter(torch.ones(width))", "nn.Parameter(torch.empty(width))")),
            sub(MODELING, ("            nn.init.ones_(module.gain)\n", "")),
        ),
    ),
    _mutant(
        "fresh-weights-repeatable",
        "another generator",
        both(
            at_import("import random"),
            sub(
                MODELING,
                (
                    "nn.init.normal_(module.weight, std=0.02)",
                    "nn.init.constant_(module.weight, random.SystemRandom().random())",
                ),
            ),
        ),
    ),
    _mutant(
        "meta-construction",
        "a device by name",
        sub(LAYERS, ("torch.ones(width))", 'torch.ones(width, device="cpu"))')),
        "weights-equal-file",
        "buffers-rebuilt",
        *_GARBAGE,
    ),
    _mutant(
        "head-replaceable",
        "a head of fixed size",
        sub(MODELING, ("config.width, config.num_labels", "config.width, 3")),
    ),
    _mutant(
        "head-replaceable",
        "a head that nobody initialises",
        sub(MODELING, ("(nn.Conv2d, nn.Linear)", "nn.Conv2d")),
        "fresh-weights-finite",
    ),
    _mutant(
        "save-keeps-auto-map",
        "to_dict drops a key",
        put(CONFIGURATION, GOOD["vision"]()[CONFIGURATION] + _TO_DICT),
        "config-round-trip",
    ),
    _mutant("save-keeps-code", "a file that nothing imports", put("extra_tiny.py", '"""Nothing."""\n')),
    _mutant(
        "save-loads-again",
        "a save that raises",
        _method('\n    def save_pretrained(self, *args, **kwargs):\n        raise RuntimeError("no")\n'),
    ),
    _mutant(
        "save-keeps-weights",
        "a save in half precision",
        _method(
            "\n    def save_pretrained(self, *args, **kwargs):\n        self.half()\n"
            "        super().save_pretrained(*args, **kwargs)\n"
        ),
        "save-fixed-point",
        "forward-runs",
    ),
    _mutant(
        "save-fixed-point",
        "a counter",
        sub(
            CONFIGURATION,
            ("dropout=0.1,", "dropout=0.1, saves=0,"),
            ("self.dropout = dropout", "self.dropout = dropout\n        self.saves = saves + 1"),
        ),
        "config-round-trip",
    ),
    _mutant("pickles", "a lambda", in_init("self.act = lambda x: x")),
    _mutant(
        "can-be-fed",
        "an argument of its own",
        sub(
            MODELING,
            ("def forward(self, pixel_values, labels=None):", "def forward(self, pixel_values, boxes, labels=None):"),
        ),
    ),
    _mutant("forward-runs", "it raises", in_forward('raise RuntimeError("no")')),
    _mutant(
        "outputs-finite",
        "a division by zero",
        sub(MODELING, ("self.classifier(features)\n", "self.classifier(features) / 0\n")),
        *_GARBAGE,
    ),
    _mutant(
        "logits-match-labels",
        "a class too few",
        sub(MODELING, ("self.classifier(features)\n", "self.classifier(features)[:, :2]\n")),
        "backward-reaches-all",
        "loss-finite",
    ),
    _mutant(
        "eval-deterministic",
        "dropout in eval mode",
        sub(MODELING, ("training=self.training)", "training=True)")),
        "batch-independent",
    ),
    _mutant("forward-is-pure", "inputs doubled in place", in_forward("pixel_values.mul_(2)")),
    _mutant(
        "forward-is-pure",
        "a buffer that counts",
        sub(
            LAYERS,
            (
                "        return x * (self",
                "        with torch.no_grad():\n            self.table.add_(1)\n        return x * (self",
            ),
        ),
        "eval-deterministic",
        "batch-independent",
        "checkpointing-recomputes",
        "backward-reaches-all",
    ),
    _mutant("batch-independent", "statistics over the batch", on_features("features = features - features.mean(0)")),
    _mutant(
        "batch-independent",
        "padding that counts",
        sub("modeling_sound.py", ("(hidden * mask).sum(1) / mask.sum(1)", "hidden.mean(1)")),
        of="audio",
    ),
    _mutant(
        "batch-independent",
        "a mask that is ignored",
        sub("modeling_short.py", ("attention_mask=attention_mask)", "attention_mask=None)")),
        of="text",
    ),
    _mutant("runs-in-bfloat16", "a tensor in float32", on_features("features = features + torch.zeros(1)")),
    _mutant(
        "exports",
        "a branch on a value",
        on_features("features = features if features.sum() > 0 else -features"),
        of="exportable",
    ),
    _mutant(
        "pipeline-answers",
        "no logits",
        sub(MODELING, ("ImageClassifierOutputWithNoAttention(loss=loss, logits=logits)", '{"scores": logits}')),
    ),
    _mutant(
        "backward-reaches-all",
        "a detached body",
        on_features("features = features.detach()"),
        "checkpointing-recomputes",
    ),
    _mutant(
        "backward-reaches-all",
        "a module without use",
        sub(LAYERS, ("(self.gain * self.table)", "(self.gain.detach() * self.table)")),
    ),
    _mutant(
        "loss-finite",
        "one loss a sample",
        sub(MODELING, ("F.cross_entropy(logits, labels)", 'F.cross_entropy(logits, labels, reduction="none")')),
        "checkpointing-recomputes",
        "backward-reaches-all",
    ),
    _mutant(
        "checkpointing-recomputes",
        "a declaration alone",
        sub(MODELING, ("if self.gradient_checkpointing and", "if False and")),
    ),
    _mutant(
        "no-network",
        "at import",
        at_import('import socket\ntry:\n    socket.create_connection(("127.0.0.1", 9))\nexcept OSError:\n    pass'),
    ),
    _mutant(
        "no-network",
        "in forward",
        both(
            at_import("import urllib.request"),
            in_forward(_tried('urllib.request.urlopen("http://127.0.0.1:9/")')),
        ),
    ),
    _mutant(
        "no-processes",
        "at import",
        at_import('import subprocess\ntry:\n    subprocess.run(["true"])\nexcept OSError:\n    pass'),
    ),
    _mutant(
        "no-processes",
        "in __init__",
        both(
            at_import("import os"),
            in_init('try:\n            os.system("true")\n        except OSError:\n            pass'),
        ),
    ),
    _mutant(
        "no-file-writes",
        "in forward",
        in_forward(
            'try:\n            open("/tmp/behaviour-canary", "w").close()\n        except OSError:\n            pass'
        ),
    ),
    _mutant(
        "no-file-writes",
        "through a library",
        both(
            at_import("import numpy"),
            in_init(
                'try:\n            numpy.save("/tmp/behaviour-canary", 1)\n        except OSError:\n            pass'
            ),
        ),
    ),
]
