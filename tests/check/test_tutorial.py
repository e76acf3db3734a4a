"""The way everyone begins: a configuration and two models after the classic tutorial, saved by transformers 5."""

from pathlib import Path

from scripts.hub_ready.check import check_folder
from scripts.hub_ready.check.edits import plan_fixes

from .repositories import Files, as_json, safetensors, write

_CONFIGURATION = """from transformers import PretrainedConfig


class ResnetConfig(PretrainedConfig):
    model_type = "resnet"

    def __init__(self, block_type="bottleneck", layers=[3, 4, 6, 3], num_classes=1000, stem_width=64, **kwargs):
        self.block_type = block_type
        self.layers = layers
        self.num_classes = num_classes
        self.stem_width = stem_width
        super().__init__(**kwargs)
"""

_MODELING = """import torch
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from transformers import PreTrainedModel

from .configuration_resnet import ResnetConfig

_BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}


class ResnetModel(PreTrainedModel):
    config_class = ResnetConfig

    def __init__(self, config):
        super().__init__(config)
        self.model = ResNet(_BLOCKS[config.block_type], config.layers, num_classes=config.num_classes)

    def forward(self, tensor):
        return self.model.forward_features(tensor)


class ResnetModelForImageClassification(PreTrainedModel):
    config_class = ResnetConfig

    def __init__(self, config):
        super().__init__(config)
        self.model = ResNet(_BLOCKS[config.block_type], config.layers, num_classes=config.num_classes)

    def forward(self, tensor, labels=None):
        logits = self.model(tensor)
        if labels is not None:
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}
        return {"logits": logits}
"""

_EXPECTED = {
    "auto-class-named",  # 4.45 to 4.52 save no modeling file
    "auto-map-complete",  # the body's key is lost when the classifier is saved
    "card-present",
    "config-equality",
    "config-num-classes",  # the pipeline's KeyError
    "forward-inputs",  # forward(tensor)
    "init-inherited",  # timm's kaiming is lost
    "input-embeddings",
    "lfs-rules",
    "main-input-name",
    "model-type-unique",  # "resnet" builds the native one
    "no-split-modules",
    "post-init-missing",  # loads on no 5.x
    "processor-present",
    "requirements-cover",  # timm
}


def _tutorial() -> Files:
    config = {
        "architectures": ["ResnetModelForImageClassification"],
        "auto_map": {
            "AutoConfig": "configuration_resnet.ResnetConfig",
            "AutoModelForImageClassification": "modeling_resnet.ResnetModelForImageClassification",
        },
        "block_type": "bottleneck",
        "dtype": "float32",
        "layers": [3, 4, 6, 3],
        "model_type": "resnet",
        "num_classes": 1000,
        "stem_width": 64,
        "transformers_version": "5.23.0",
    }
    return {
        "config.json": as_json(config),
        "configuration_resnet.py": _CONFIGURATION,
        "modeling_resnet.py": _MODELING,
        "model.safetensors": safetensors({"model.fc.weight": [10, 8]}),
    }


def _edit(folder: Path, name: str, *changes: tuple[str, str]) -> None:
    text = (folder / name).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text)


def test_every_defect_of_the_tutorial_has_a_finding(tmp_path: Path):
    report = check_folder(write(tmp_path, _tutorial()), behaviour=False)

    assert {finding.rule for finding in report.findings} == _EXPECTED


def test_repairs_and_the_edits_that_the_findings_ask_for_leave_none(tmp_path: Path):
    folder = write(tmp_path, _tutorial())
    plan_fixes(folder, check_folder(folder, behaviour=False)).apply()

    map_labels = 'model_type = "custom_resnet"\n    attribute_map = {"num_classes": "num_labels"}'
    keep_labels = 'if "id2label" not in kwargs:\n            kwargs.setdefault("num_labels", num_classes)'
    attributes = 'main_input_name = "pixel_values"\n    _no_split_modules = ["Bottleneck"]\n\n'
    attributes += "    def _init_weights(self, module):\n        if hasattr(module, 'reset_parameters'):\n"
    attributes += "            module.reset_parameters()\n\n"
    attributes += "    def get_input_embeddings(self):\n        return None"
    _edit(folder, "config.json", ('"resnet"', '"custom_resnet"'))
    _edit(
        folder,
        "configuration_resnet.py",
        ('model_type = "resnet"', map_labels),
        ("self.num_classes = num_classes", keep_labels),
    )
    _edit(
        folder,
        "modeling_resnet.py",
        ("tensor", "pixel_values"),
        ("config_class = ResnetConfig", f"config_class = ResnetConfig\n    {attributes}"),
    )
    card = "---\nlicense: apache-2.0\nlibrary_name: transformers\npipeline_tag: image-classification\n---\n"
    processor = as_json({"image_processor_type": "ViTImageProcessor"})
    write(folder, {"README.md": card, "requirements.txt": "timm>=1.0.9\n", "preprocessor_config.json": processor})

    assert [f"{f.place} {f.rule}" for f in check_folder(folder, behaviour=False).findings] == []
