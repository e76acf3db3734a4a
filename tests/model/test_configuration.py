"""What a configuration accepts, and that it survives every way in which it travels."""

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resnet_model import ResnetConfig, ResnetModel, ResnetModelForImageClassification

from .networks import tiny_config

UNKNOWN = [
    ("block_type", "wide", "basic"),
    ("block_type", ["basic", "basic", "wide", "basic"], "bottleneck"),
    ("block_type", ["basic"], "four"),
    ("stem_type", "deeper", "deep_tiered"),
    ("stem_type", None, "deep"),
    ("attn_layer", "cbam", "eca"),
    ("aa_layer", "gauss", "blur"),
    ("norm_layer", "layernorm", "groupnorm"),
    ("down_kernel_size", 5, "[1, 3]"),
    ("avg_down", 1, "True"),
    ("replace_stem_pool", "yes", "True"),
    ("pruned", "resnet50", "ecaresnet50d_pruned"),
    ("problem_type", "ranking", "regression"),
    ("layers", [1, 2, 3], "four"),
    ("layers", 3, "four"),
    ("layers", [1, 1, 1, 0], "positive integer"),
    ("channels", [64, 128, "256", 512], "positive integer"),
    ("channels", [64, 128, 256, 512.0], "positive integer"),
    ("input_channels", 0, "positive integer"),
    ("cardinality", True, "positive integer"),
    ("base_width", -4, "positive integer"),
    ("stem_width", 0, "positive integer"),
    ("block_reduce_first", 0.5, "positive integer"),
    ("num_classes", 0, "positive integer"),
    ("num_labels", -1, "positive integer"),
    ("id2label", {}, "positive integer"),
    ("id2label", {1: "a", 2: "b"}, "from 0 to 1"),
    ("id2label", ["a", "b"], "from 0 to 1"),
    ("drop_rate", 1.0, "not including, 1"),
    ("drop_rate", float("nan"), "number from 0"),
    ("drop_path_rate", -0.1, "number from 0"),
    ("drop_path_rate", "0.1", "number from 0"),
]

IMPOSSIBLE = [
    ({"block_type": "basic", "cardinality": 2}, "cardinality 1 and base_width 64"),
    ({"block_type": ["bottleneck", "bottleneck", "bottleneck", "basic"], "base_width": 128}, "base_width 64"),
    ({"attn_rd_ratio": 0.25}, 'attn_layer "se"'),
    ({"attn_layer": "eca", "attn_rd_ratio": 0.25}, 'attn_layer "se"'),
    ({"attn_layer": "se", "attn_rd_ratio": 2}, "not including, 1"),
    ({"stem_type": "deep_tiered", "stem_width": 3}, "at least 4"),
    ({"norm_layer": "groupnorm", "channels": [40, 64, 128, 256]}, "multiples of 32"),
    ({"norm_layer": "groupnorm", "stem_type": "deep_tiered", "stem_width": 32}, "multiples of 32"),
    ({"block_reduce_first": 128}, "found 0"),
    ({"cardinality": 32, "base_width": 4, "block_reduce_first": 3}, "multiple of cardinality 32"),
    ({"pruned": "ecaresnet50d_pruned"}, "stem_width 32"),
    ({"num_classes": 3, "id2label": {0: "a", 1: "b"}}, "names 2 classes"),
]

# Every field away from its default, as far as one network can have them all.
RICH: dict[str, Any] = (
    {"block_type": ["bottleneck"] * 4, "layers": (1, 2, 1, 1), "input_channels": 4, "cardinality": 2}
    | {"base_width": 32, "stem_width": 8, "stem_type": "deep_tiered", "avg_down": True, "attn_layer": "se"}
    | {"attn_rd_ratio": 0.25, "aa_layer": "blur", "replace_stem_pool": True, "down_kernel_size": 3}
    | {"block_reduce_first": 2, "channels": (16, 32, 64, 128), "drop_rate": 0.1, "drop_path_rate": 0.2}
    | {"id2label": {0: "cat", 1: "dog"}, "problem_type": "regression"}
)

TUTORIAL = (
    {"model_type": "resnet", "architectures": ["ResnetModelForImageClassification"], "transformers_version": "4.20.0"}
    | {"block_type": "basic", "layers": [1, 1, 1, 1], "num_classes": 7, "input_channels": 3, "cardinality": 1}
    | {"base_width": 64, "stem_width": 32, "stem_type": "deep-tiered", "avg_down": True, "torch_dtype": "float32"}
)


def through_json(config: ResnetConfig) -> ResnetConfig:
    return ResnetConfig(**json.loads(config.to_json_string(use_diff=False)))


def through_json_difference(config: ResnetConfig) -> ResnetConfig:
    return ResnetConfig.from_dict(json.loads(config.to_json_string()))


def through_pickle(config: ResnetConfig) -> ResnetConfig:
    return pickle.loads(pickle.dumps(config))


def through_a_folder(config: ResnetConfig, folder: Path) -> ResnetConfig:
    config.save_pretrained(folder)
    return ResnetConfig.from_pretrained(folder)


@pytest.mark.parametrize(("name", "value", "allowed"), UNKNOWN)
def test_an_unknown_value_is_refused_with_what_is_allowed(name: str, value: Any, allowed: str) -> None:
    with pytest.raises(ValueError) as caught:
        ResnetConfig(**{name: value})
    assert allowed in str(caught.value) and "found" in str(caught.value)


@pytest.mark.parametrize(("fields", "allowed"), IMPOSSIBLE)
def test_an_impossible_combination_is_refused_with_what_is_needed(fields: dict[str, Any], allowed: str) -> None:
    with pytest.raises(ValueError) as caught:
        ResnetConfig(**fields)
    assert allowed in str(caught.value)


def test_a_value_that_was_set_later_is_refused_by_the_model(tmp_path: Path) -> None:
    tiny_config().save_pretrained(tmp_path)
    config = ResnetConfig.from_pretrained(tmp_path, attn_layer="cbam")
    with pytest.raises(ValueError, match="attn_layer must be one of"):
        ResnetModel(config)


@pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, through_pickle, through_json, through_json_difference])
@pytest.mark.parametrize("fields", [{}, RICH], ids=["default", "rich"])
def test_a_round_trip_gives_an_equal_configuration(travel: Callable, fields: dict[str, Any]) -> None:
    config = ResnetConfig(**fields)
    found = travel(config)
    assert found == config and found.to_dict() == config.to_dict()


@pytest.mark.parametrize("fields", [{}, RICH], ids=["default", "rich"])
def test_save_and_load_give_an_equal_configuration(fields: dict[str, Any], tmp_path: Path) -> None:
    config = ResnetConfig(**fields)
    found = through_a_folder(config, tmp_path)
    assert found == config and through_a_folder(found, tmp_path / "again") == config


@pytest.mark.parametrize("name", [name for name in RICH if name not in ("id2label", "problem_type")])
def test_configurations_differ_when_one_field_does(name: str) -> None:
    rich, default = ResnetConfig(**RICH), ResnetConfig()
    other = copy.deepcopy(rich)
    setattr(other, name, getattr(default, name))
    assert other != rich


def test_a_copy_does_not_share_its_lists() -> None:
    config = tiny_config()
    copy.deepcopy(config).layers[0] = 9
    assert config.layers == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "fields",
    [
        {"num_classes": 4},
        {"num_labels": 4},
        {"num_classes": 4, "num_labels": 4},
        {"num_labels": 4, "num_classes": 1000},
        {"num_classes": 1000, "num_labels": 4},
        {"id2label": {i: f"LABEL_{i}" for i in range(4)}},
        {"id2label": {str(i): f"LABEL_{i}" for i in range(4)}, "num_classes": 4},
        {"label2id": {f"LABEL_{i}": i for i in range(4)}},
        {"num_labels": 4, "id2label": {0: "cat", 1: "dog"}, "label2id": {"cat": 0, "dog": 1}},
    ],
)
def test_num_classes_and_num_labels_are_one(fields: dict[str, Any], tmp_path: Path) -> None:
    for config in (ResnetConfig(**fields), through_a_folder(ResnetConfig(**fields), tmp_path)):
        assert (config.num_classes, config.num_labels, config.to_dict()["num_classes"]) == (4, 4, 4)
        assert config.id2label == {i: f"LABEL_{i}" for i in range(4)}
        assert config.label2id == {f"LABEL_{i}": i for i in range(4)}


def test_a_thousand_classes_are_the_default() -> None:
    assert ResnetConfig().num_classes == ResnetConfig().num_labels == len(ResnetConfig().id2label) == 1000


@pytest.mark.parametrize("name", ["num_classes", "num_labels"])
def test_setting_the_class_count_renames_the_classes(name: str) -> None:
    config = ResnetConfig(id2label={0: "cat", 1: "dog"})
    setattr(config, name, 3)
    assert (config.num_classes, config.num_labels, len(config.id2label), len(config.label2id)) == (3, 3, 3, 3)


@pytest.mark.parametrize(
    ("given", "count", "first"),
    [
        ({}, 2, "cat"),
        ({"num_labels": 2}, 2, "cat"),
        ({"num_classes": 2}, 2, "cat"),
        ({"num_labels": 5}, 5, "LABEL_0"),
        ({"num_classes": 5}, 5, "LABEL_0"),
        ({"id2label": {0: "x", 1: "y", 2: "z"}, "label2id": {"x": 0, "y": 1, "z": 2}}, 3, "x"),
        ({"id2label": {0: "x", 1: "y", 2: "z"}, "label2id": {"x": 0, "y": 1, "z": 2}, "num_labels": 3}, 3, "x"),
    ],
)
def test_labels_given_to_from_pretrained_win(given: dict[str, Any], count: int, first: str, tmp_path: Path) -> None:
    ResnetConfig(id2label={0: "cat", 1: "dog"}).save_pretrained(tmp_path)
    config = ResnetConfig.from_pretrained(tmp_path, **given)
    assert (config.num_classes, config.num_labels, len(config.id2label)) == (count,) * 3
    assert config.id2label[0] == first and config.label2id[first] == 0
    ResnetModelForImageClassification(tiny_config(num_labels=config.num_labels))


def test_label_names_survive_save_and_load(tmp_path: Path) -> None:
    config = through_a_folder(ResnetConfig(id2label={0: "cat", 1: "dog"}), tmp_path)
    assert config.id2label == {0: "cat", 1: "dog"} and config.label2id == {"cat": 0, "dog": 1}


def test_a_configuration_of_the_tutorial_loads(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TUTORIAL))
    config = ResnetConfig.from_pretrained(tmp_path)
    assert (config.num_labels, config.stem_type, config.model_type) == (7, "deep_tiered", "custom_resnet")
    assert (config.block_type, config.stem_width, config.avg_down) == ("basic", 32, True)
    assert config.id2label == {i: f"LABEL_{i}" for i in range(7)}
    assert '"model_type": "custom_resnet"' in config.to_json_string()
    assert ResnetModelForImageClassification(config).model.fc.out_features == 7


def test_channels_answer_to_the_native_name() -> None:
    assert ResnetConfig(num_channels=1).input_channels == ResnetConfig(input_channels=1).num_channels == 1
