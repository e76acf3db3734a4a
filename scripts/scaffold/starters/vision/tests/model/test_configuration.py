"""The configuration says the same before and after a save."""

import copy
import pickle
from pathlib import Path

import pytest

from scripts.hub_ready.manifest import read_manifest


@pytest.fixture
def config_class() -> type:
    return read_manifest().load_class("AutoConfig")


def test_a_configuration_is_equal_to_its_copies(config_class: type, tmp_path: Path) -> None:
    config = config_class(num_classes=3)
    config.save_pretrained(tmp_path)
    for other in (copy.deepcopy(config), pickle.loads(pickle.dumps(config)), config_class.from_pretrained(tmp_path)):
        assert other == config
    assert config != config_class(num_classes=4)


def test_labels_and_their_number_are_one_thing(config_class: type) -> None:
    named = config_class(id2label={0: "cat", 1: "dog"})
    assert named.num_classes == named.num_labels == 2 and named.label2id == {"cat": 0, "dog": 1}
    assert config_class(num_labels=5).id2label[4] == "LABEL_4"


@pytest.mark.parametrize("wrong", [{"image_size": 0}, {"num_classes": -1}, {"id2label": {1: "cat"}}])
def test_what_no_network_can_have_is_refused(config_class: type, wrong: dict) -> None:
    with pytest.raises(ValueError, match="found"):
        config_class(**wrong)
