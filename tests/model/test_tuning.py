"""A stranger fine-tunes an exported folder; every case runs in a fresh interpreter."""

import pytest

from .conftest import Stranger


def test_trainer_takes_a_step_and_its_checkpoint_loads_elsewhere(stranger: Stranger) -> None:
    found = stranger("tuning", "trainer")
    assert 0 < found["loss"] < 20 and found["evaluated"] and found["moved"] == found["tensors"]
    code = {"configuration_resnet.py", "modeling_resnet.py", "image_processing_resnet.py"}
    assert code | {"config.json", "model.safetensors", "preprocessor_config.json"} <= set(found["files"])
    assert stranger("tuning", "trained") == {"equal": True, "labels": ["cat", "dog", "eel"], "pixels": [1, 3, 64, 64]}


@pytest.mark.parametrize("checkpointing", [False, True])
def test_an_adapter_trains_and_loads(stranger: Stranger, checkpointing: bool) -> None:
    found = stranger("tuning", "adapter", checkpointing=checkpointing)
    assert found == {"silent": [], "equal": True, "changed": True, "frozen": True}
