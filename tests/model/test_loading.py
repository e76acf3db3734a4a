"""What a stranger gets from an exported folder: every case runs in a fresh interpreter that registered nothing."""

from .conftest import Stranger

HEAD = ["model.fc.bias", "model.fc.weight"]


def test_a_classifier_loads_bit_for_bit_and_in_silence(stranger: Stranger) -> None:
    found = stranger("loading", "classifier")
    assert found["report"] == {} and found["messages"] == []
    assert found["changed"] == [] and found["blurs"] and found["equal"]
    assert found["labels"] == {"0": "cat", "1": "dog", "2": "eel"}


def test_the_body_loads_a_classification_checkpoint_without_a_warning(stranger: Stranger) -> None:
    found = stranger("loading", "body")
    assert found["messages"] == [] and found["report"] == {} and found["head"] == []
    assert found["changed"] == [] and found["blurs"] and found["equal"]


def test_a_classifier_on_a_body_gets_a_fresh_head_and_says_so(stranger: Stranger) -> None:
    found = stranger("loading", "head_on_body")
    assert found["report"] == {"missing_keys": HEAD} and found["sane"]
    assert any("model.fc.weight" in message for message in found["messages"])
    assert found["changed"] == HEAD and found["blurs"]


def test_another_label_count_changes_the_head_alone(stranger: Stranger) -> None:
    found = stranger("loading", "other_labels")
    assert found["report"] == ["mismatched_keys"] and found["changed"] == HEAD
    assert found["sane"] and found["finite"] and found["blurs"] and found["count"] == [50, 50, 50]


def test_keys_missing_from_the_middle_of_a_module_leave_its_others_alone(stranger: Stranger) -> None:
    found = stranger("loading", "half_a_norm")
    assert len(found["missing"]) == 5 and found["changed"] == []
    assert found["ones"] and found["zeros"] and found["small"] and found["blurs"]


def test_what_a_checkpoint_lacks_starts_as_in_a_new_network(stranger: Stranger) -> None:
    found = stranger("loading", "nearly_empty")
    assert found["constants"] == [] and found["strange"] == {} and found["blurs"] and found["compared"] >= 12


def test_each_precision_loads_whole(stranger: Stranger) -> None:
    found = stranger("loading", "precisions")
    assert found == {name: [name, [], True, True] for name in ("torch.float32", "torch.bfloat16", "torch.float16")}


def test_a_device_map_changes_no_number(stranger: Stranger) -> None:
    assert stranger("loading", "devices") == {"auto": True, "split": True, "offloaded": "meta"}


def test_a_model_on_the_meta_device_fills_up_right(stranger: Stranger) -> None:
    assert stranger("loading", "meta") == {"devices": ["meta"], "equal": True, "blurs": True}


def test_a_checkpoint_of_the_tutorial_loads(stranger: Stranger) -> None:
    found = stranger("loading", "tutorial")
    assert found["report"] == {} and found["changed"] == [] and found["equal"]
    assert found["labels"] == {str(i): f"LABEL_{i}" for i in range(3)}


def test_a_pickle_opens_in_another_process(stranger: Stranger) -> None:
    assert stranger("loading", "pickled") == {"answer": [True, True, 0.875]}
