"""Mutants of the rules over files."""

from .mutants import CONFIGURATION, MODELING, append, both, drop, entry, mutant, put, sub
from .repositories import safetensors

_M = mutant
_SHARD = "model-00001-of-00002.safetensors"
_AUTO = ("config.json", "auto_map")
# Put together here, so that no scanner takes this file for a leak.
_TOKEN = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZabcdEFGH"

FILES = [
    _M("auto-map-complete", "no AutoModel", entry(*_AUTO, "AutoModel", value=None)),
    _M("auto-map-complete", "no AutoConfig", entry(*_AUTO, "AutoConfig", value=None)),
    _M(
        "auto-map-complete",
        "no head",
        entry(*_AUTO, "AutoModelForImageClassification", value=None),
        "architectures-known",
    ),
    _M("auto-map-flat", "dots", entry(*_AUTO, "AutoModel", value="tiny.modeling_tiny.TinyModel")),
    _M("auto-map-flat", "slash", entry(*_AUTO, "AutoModel", value="tiny/modeling_tiny.TinyModel")),
    _M("auto-map-local", "another repository", entry(*_AUTO, "AutoModel", value="a/b--modeling_tiny.TinyModel")),
    _M("auto-map-resolves", "no such file", entry(*_AUTO, "AutoModel", value="modeling_small.TinyModel")),
    _M("auto-map-resolves", "no such class", entry(*_AUTO, "AutoModel", value="modeling_tiny.SmallModel")),
    _M("auto-map-kinds", "a config as model", entry(*_AUTO, "AutoModel", value="configuration_tiny.TinyConfig")),
    _M("auto-map-kinds", "no Auto class", entry(*_AUTO, "Model", value="modeling_tiny.TinyModel")),
    _M("config-readable", "missing", drop("config.json")),
    _M("config-readable", "no JSON", put("config.json", "{")),
    _M("config-readable", "a list", put("config.json", "[]")),
    _M("config-private-path", "a home", entry("config.json", "_name_or_path", value="/home/me/final")),
    _M("labels-complete", "a name too few", entry("config.json", "id2label", value={"0": "a", "2": "c"})),
    _M("labels-complete", "not the inverse", entry("config.json", "label2id", value={"cat": 1, "dog": 0, "hen": 2})),
    _M("labels-complete", "another count", entry("config.json", "num_classes", value=5)),
    _M("labels-complete", "a list", entry("config.json", "id2label", value=["cat", "dog"])),
    _M(
        "model-type-unique",
        "resnet",
        both(entry("config.json", "model_type", value="resnet"), sub(CONFIGURATION, '"tiny_vision"', '"resnet"')),
    ),
    _M("model-type-agrees", "no type", sub(CONFIGURATION, '    model_type = "tiny_vision"\n', "")),
    _M("model-type-agrees", "another", entry("config.json", "model_type", value="tiny_visions")),
    _M(
        "class-name-unique",
        "ViTModel",
        both(
            sub(MODELING, "class TinyModel(", "class ViTModel("),
            sub(MODELING, "self.body = TinyModel(", "self.body = ViTModel("),
            entry(*_AUTO, "AutoModel", value="modeling_tiny.ViTModel"),
        ),
    ),
    _M("architectures-known", "unknown", entry("config.json", "architectures", value=["TinyModelForAnything"])),
    _M("architectures-known", "missing", entry("config.json", "architectures", value=None)),
    _M("weights-present", "none", drop("model.safetensors")),
    _M("no-pickle", "torch", put("pytorch_model.bin", b"PK\x03\x04")),
    _M("no-pickle", "training arguments", put("training_args.bin", b"\x80\x02}q\x00.")),
    _M(
        "weights-readable",
        "cut off",
        lambda files: files.update({"model.safetensors": files["model.safetensors"][:-8]}),
    ),
    _M("weights-readable", "garbage", put("model.safetensors", b"\xff" * 64)),
    _M("weights-readable", "empty", put("model.safetensors", b"")),
    _M(
        "lfs-pointer",
        "weights",
        put("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    ),
    _M("weights-index", "no shard", drop(_SHARD), of="audio"),
    _M("weights-index", "no index", drop("model.safetensors.index.json"), "weights-present", of="audio"),
    _M("weights-index", "a tensor too many", put(_SHARD, safetensors({"conv.weight": [1], "x": [1]})), of="audio"),
    _M("weights-index", "a tensor too few", put(_SHARD, safetensors({"conv.bias": [1]})), of="audio"),
    _M("weights-index", "both forms", put("model.safetensors", safetensors({"conv.weight": [1]})), of="audio"),
    _M("weights-index", "no JSON", put("model.safetensors.index.json", "{"), of="audio"),
    _M("tensor-names", "gamma", put("model.safetensors", safetensors({"body.scale.gamma": [8]}))),
    _M("stray-file", "cache", put("__pycache__/modeling_tiny.cpython-312.pyc", b"x")),
    _M("stray-file", "Finder", put(".DS_Store", b"x")),
    _M("stray-file", "environment", put(".venv/lib/torch/weights.pth", b"x")),
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
    _M(
        "processor-known",
        "removed",
        put("preprocessor_config.json", '{"feature_extractor_type": "ViTFeatureExtractor"}'),
    ),
    _M("processor-known", "unknown", entry("preprocessor_config.json", "image_processor_type", value="MyProcessor")),
    _M(
        "processor-auto-map",
        "image",
        entry("preprocessor_config.json", "auto_map", value=None),
        "processor-known",
        of="resnet",
    ),
    _M(
        "processor-auto-map",
        "processor",
        both(
            *(
                entry(path, "auto_map", value=None)
                for path in ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
            )
        ),
        "processor-known",
        of="two_towers",
    ),
    _M(
        "tokenizer-pair",
        "text",
        both(
            put(
                "tokenization_short.py",
                "from transformers import PreTrainedTokenizer\n\n\n"
                "class ShortTokenizer(PreTrainedTokenizer):\n    pass\n",
            ),
            entry("tokenizer_config.json", "auto_map", value={"AutoTokenizer": "tokenization_short.ShortTokenizer"}),
        ),
        of="text",
    ),
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
]
