"""What a ported folder is called and what it holds."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import timm
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.utils import validate_repo_id
from safetensors.torch import load_file

from scripts.hub_ready.export import contract
from scripts.hub_ready.finish import Exported, Options
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.manifest import ROOT, read_manifest
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.proof import Reference, prove
from scripts.timm_port.batch import port_many, quiet, unfinished
from scripts.timm_port.describe import card_data, card_facts
from scripts.timm_port.labels import class_names
from scripts.timm_port.port import port, reference_of, repository_name
from scripts.timm_port.source import Source, family, load_source


@pytest.fixture(scope="module")
def ported(tmp_path_factory: pytest.TempPathFactory, interpreter: FreshInterpreter) -> Exported:
    """The smallest network of the family, with random weights and labels of its own."""
    quiet()
    place = tmp_path_factory.mktemp("ported")
    (place / "labels.json").write_text(json.dumps([f"class {i % 999}" for i in range(1000)]))
    options = Options(place, weights="random", seed=3, labels=place / "labels.json")
    return port("test_resnet", options, read_manifest(), interpreter)


def test_the_folder_holds_exactly_the_contract(ported: Exported) -> None:
    assert {path.name for path in ported.folder.iterdir()} == contract(read_manifest()) | {"model.safetensors"}


def test_every_file_can_be_read_by_all(ported: Exported) -> None:
    assert {path.stat().st_mode & 0o044 for path in ported.folder.iterdir()} == {0o044}


def test_a_seed_gives_the_same_bytes_again(ported: Exported, tmp_path: Path, interpreter: FreshInterpreter) -> None:
    again = port("test_resnet", Options(tmp_path, weights="random", seed=3), read_manifest(), interpreter)
    other = port("test_resnet", Options(tmp_path / "4", weights="random", seed=4), read_manifest(), interpreter)
    assert again.sha256 == ported.sha256 != other.sha256


def test_labels_of_one_name_stay_apart(ported: Exported) -> None:
    config = json.loads((ported.folder / "config.json").read_text())
    assert len(config["id2label"]) == len(config["label2id"]) == 1000
    assert config["id2label"]["0"] == "class 0 (0)" and config["id2label"]["999"] == "class 0 (999)"
    assert config["id2label"]["1"] == "class 1"


def test_the_card_names_the_weights_by_their_sha256(ported: Exported) -> None:
    digest = hashlib.sha256((ported.folder / "model.safetensors").read_bytes()).hexdigest()
    assert ported.sha256 == {"model.safetensors": digest}
    assert digest in (ported.folder / "README.md").read_text()


def test_the_card_has_no_empty_section_and_valid_front_matter(ported: Exported) -> None:
    card = ModelCard.load(ported.folder / "README.md")
    sections = re.split(r"^#+ .*$", card.text, flags=re.MULTILINE)
    assert len(sections) >= 8 and all(section.strip() for section in sections[1:])
    assert "None" not in card.text and "{{" not in card.text
    assert card.data.library_name == "transformers" and card.data.pipeline_tag == "image-classification"
    assert card.data.license == "apache-2.0"


def source_of(name: str) -> Source:
    """A pretrained source, but for the download."""
    model = timm.create_model(name, pretrained=False)
    return Source(
        name, model, read_manifest().load_class("AutoConfig")(), {"input_size": (3, 224, 224)}, "pretrained", 0
    )


@pytest.mark.parametrize(
    ("name", "license_id", "datasets"),
    [
        ("resnet50d.ra2_in1k", "apache-2.0", ["imagenet-1k"]),
        ("resnet18.fb_swsl_ig1b_ft_in1k", "cc-by-nc-4.0", ["imagenet-1k"]),
        ("resnet50.tv_in1k", "bsd-3-clause", ["imagenet-1k"]),
    ],
)
def test_the_card_of_pretrained_weights_says_what_timm_says(name: str, license_id: str, datasets: list[str]) -> None:
    data = card_data(source_of(name), None)
    assert (data.license, data.datasets, data.base_model) == (license_id, datasets, f"timm/{name}")
    assert yaml.safe_load(data.to_yaml())["license"] == license_id
    facts = card_facts(source_of(name), "x", ROOT / "requirements.txt", {"model.safetensors": "0"})
    assert ("tag", name.partition(".")[2]) in facts.provenance


@pytest.mark.parametrize(
    "name", [*family(), "resnet50d.ra2_in1k", "hf-hub:timm/resnet18.a1_in1k", "local-dir:/a/b.c/"]
)
def test_names_are_safe_for_the_hub(name: str) -> None:
    safe = repository_name(name)
    validate_repo_id(f"namespace/{safe}")
    assert "." not in safe and "--" not in safe and "/" not in safe


@pytest.mark.parametrize(("count", "first"), [(1000, "tench"), (11821, None), (21841, None), (7, "LABEL_0")])
def test_labels_follow_the_size_of_the_head(count: int, first: str | None) -> None:
    names = class_names(timm.create_model("test_resnet", num_classes=count))
    assert len(names) == len(set(names.values())) == count
    assert first is None or names[0].startswith(first)
    assert (count == 7) == (names[0] == "LABEL_0")


def test_the_family_skips_what_is_whole_and_takes_up_what_is_not(ported: Exported) -> None:
    options = Options(ported.folder.parent, weights="random", seed=3)
    assert "test_resnet" not in unfinished(options, read_manifest())
    assert len(unfinished(options, read_manifest())) == len(family()) - 1
    moved = ported.folder / "model.safetensors"
    moved.rename(moved.with_suffix(".away"))
    try:
        assert "test_resnet" in unfinished(options, read_manifest())
    finally:
        moved.with_suffix(".away").rename(moved)
    for other in (replace(options, seed=4), replace(options, weights="pretrained")):
        assert "test_resnet" in unfinished(other, read_manifest())


def test_names_together_with_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="--all"):
        port_many(["resnet18"], Options(tmp_path, weights="random"), True)


@pytest.mark.parametrize("tensor", ["logits", "pooled", "pixel_values"])
def test_a_proof_fails_at_the_first_number_that_differs(
    tensor: str, ported: Exported, interpreter: FreshInterpreter
) -> None:
    reference = reference_of(load_source("test_resnet", "random", 3))
    prove(ported.folder, reference, interpreter)
    tensors = {name: value.clone() for name, value in reference.tensors.items()}
    tensors[tensor].view(-1)[0] += 1e-6 * tensors[tensor].abs().max()
    with pytest.raises(Problem, match=r"not give the same numbers: Auto\w+: .*differs"):
        prove(ported.folder, Reference(tensors, reference.outputs, reference.task), interpreter)


def test_a_written_weight_is_timms(ported: Exported) -> None:
    state = load_source("test_resnet", "random", 3).model.state_dict()
    written = load_file(ported.folder / "model.safetensors")
    assert {name.removeprefix("model.") for name in written} == set(state)
    assert all(tensor.equal(state[name.removeprefix("model.")]) for name, tensor in written.items())
