"""The model of this source tree is what the manifest says."""

import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from scripts.hub_ready.export_source import repository_name
from scripts.hub_ready.labels import read_labels
from scripts.hub_ready.manifest import read_manifest
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.source_model import build_config, build_processor, load_source, main_auto_class


def test_the_main_class_is_the_first_architecture() -> None:
    manifest = read_manifest()
    assert manifest.load_class(main_auto_class(manifest)).__name__ == manifest.config["architectures"][0]
    with pytest.raises(Problem, match="which no key of auto_map loads"):
        main_auto_class(replace(manifest, config={"architectures": ["Nothing"]}))


def test_names_of_classes_take_the_place_of_their_number() -> None:
    config = build_config(read_manifest(), {"num_labels": 7}, {0: "cat", 1: "dog"})
    assert config.num_labels == 2 and config.label2id == {"cat": 0, "dog": 1}
    assert build_config(read_manifest(), {"num_labels": 7}, None).num_labels == 7


def test_the_processor_takes_what_the_configuration_also_has() -> None:
    manifest = read_manifest()
    config = build_config(manifest, {}, None)
    processor = build_processor(manifest, config)
    shared = [name for name in inspect.signature(type(processor).__init__).parameters if hasattr(config, name)]
    assert [name for name in shared if getattr(processor, name) != getattr(config, name)] == []


def test_weights_that_change_their_type_are_said_to(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    manifest = read_manifest()
    model = load_source(manifest, "random", seed=0).model
    for dtype, said in ((torch.float16, ", converted from float16 to float32"), (torch.float32, "")):
        model.to(dtype).save_pretrained(tmp_path / "trained")
        assert load_source(manifest, str(tmp_path / "trained"), seed=0).origin == f"the author's trained{said}"
        assert ("from float16 to float32" in capsys.readouterr().err) == bool(said)


def test_as_many_names_as_there_are_make_the_classes(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    assert read_labels(tmp_path / "names.txt") == {0: "cat", 1: "dog"}
    (tmp_path / "none.txt").write_text("\n")
    with pytest.raises(Misuse, match="found none"):
        read_labels(tmp_path / "none.txt")


@pytest.mark.parametrize("name", ["my-model", "a", "My_Model-2", "x__y"])
def test_a_name_that_every_version_loads_is_taken(name: str) -> None:
    assert repository_name(name) == name


@pytest.mark.parametrize("name", ["", "my model", "v1.5", "a--b", "-a", "you/model", "x" * 97, "ü"])
def test_a_name_that_some_version_cannot_load_is_refused_with_one_that_can(name: str) -> None:
    with pytest.raises(Misuse, match="try ") as refusal:
        repository_name(name)
    near = str(refusal.value).rpartition("try ")[2]
    assert repository_name(near) == near


@pytest.mark.parametrize("names", [["cat", "dog"], {"0": "cat", "1": "dog"}, {"cat": 0, "dog": 1}])
def test_names_in_json_may_have_any_of_its_usual_forms(names: object, tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text(json.dumps(names))
    assert read_labels(tmp_path / "names.json") == {0: "cat", 1: "dog"}
