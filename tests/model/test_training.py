"""Training in this process: gradient checkpointing, compiled and exported graphs, copies."""

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from resnet_model import ResnetModelForImageClassification

from .networks import pixels, tiny_model

LABELS = torch.tensor([0, 1, 2, 0])
# With everything that makes a second run of a block dangerous: statistics, random depth, attention, blur.
FIELDS: dict[str, Any] = {"attn_layer": "se", "aa_layer": "blur", "drop_path_rate": 0.5, "drop_rate": 0.1}


def after_one_step(model: PreTrainedModel, forward: Any = None) -> dict[str, Tensor]:
    """Gradients and buffers after one forward and backward pass."""
    torch.manual_seed(1)
    (model if forward is None else forward)(pixels(4), labels=LABELS).loss.backward()
    gradients = {f"gradient of {name}": parameter.grad for name, parameter in model.named_parameters()}
    return {**gradients, **dict(model.named_buffers())}


def assert_equal(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] is None or not torch.equal(found[name], expected[name])] == []


@pytest.mark.parametrize("options", [None, {"use_reentrant": False}, {"use_reentrant": True}])
def test_checkpointing_changes_neither_gradients_nor_statistics(options: dict | None) -> None:
    plain, checkpointed = tiny_model(**FIELDS).train(), tiny_model(**FIELDS).train()
    checkpointed.gradient_checkpointing_enable(gradient_checkpointing_kwargs=options)
    assert_equal(after_one_step(checkpointed), after_one_step(plain))
    momenta = {m.momentum for m in checkpointed.modules() if isinstance(m, nn.BatchNorm2d)}
    assert momenta == {0.1}


def test_checkpointing_counts_a_batch_once_where_norms_are_synchronised() -> None:
    model = nn.SyncBatchNorm.convert_sync_batchnorm(tiny_model(**FIELDS)).train()
    model.gradient_checkpointing_enable()
    found = after_one_step(model)
    counts = {tensor.item() for name, tensor in found.items() if name.endswith("num_batches_tracked")}
    assert counts == {1}


def test_checkpointing_recomputes_the_blocks() -> None:
    model, runs = tiny_model().train(), []
    model.model.layer2[0].register_forward_pre_hook(lambda *args: runs.append(1))
    model.gradient_checkpointing_enable()
    after_one_step(model)
    assert len(runs) == 2
    model.gradient_checkpointing_disable()
    after_one_step(model)
    assert len(runs) == 3


def test_checkpointing_reaches_a_block_behind_a_frozen_stem() -> None:
    model = tiny_model().train()
    model.requires_grad_(False)
    last = model.model.layer4[0].conv2.weight.requires_grad_(True)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": True})
    model(pixels(4), labels=LABELS).loss.backward()
    assert last.grad is not None and last.grad.abs().sum() > 0


def test_a_checkpoint_that_fails_leaves_the_norms_as_they_were() -> None:
    model = tiny_model().train()
    model.gradient_checkpointing_enable()
    loss = model(pixels(4), labels=LABELS).loss
    norm = model.model.layer1[0].bn2
    handle = norm.register_forward_hook(lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loss.backward()
    handle.remove()
    assert norm.momentum == 0.1 and norm.num_batches_tracked.item() == 1


@pytest.mark.parametrize("checkpointing", [False, True])
def test_one_compiled_graph_gives_the_same_training_step(checkpointing: bool) -> None:
    plain, model = tiny_model(**FIELDS).train(), tiny_model(**FIELDS).train()
    if checkpointing:
        model.gradient_checkpointing_enable()
    # This backend needs no C++ compiler; what fullgraph refuses, it refuses with any.
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    assert_equal(after_one_step(model, compiled), after_one_step(plain))
    torch.compiler.reset()


def test_an_exported_graph_takes_any_batch() -> None:
    model = tiny_model(**FIELDS)
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(model, (), {"pixel_values": pixels(2)}, dynamic_shapes={"pixel_values": {0: batch}})
    for size in (1, 2, 5):
        found = program.module()(pixel_values=pixels(size))
        assert torch.allclose(found["logits"], model(pixels(size)).logits, atol=1e-6)


@pytest.mark.parametrize("travel", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_answers_alike_and_shares_nothing(travel: Any) -> None:
    model = tiny_model(**FIELDS)
    twin = travel(model)
    assert type(twin) is ResnetModelForImageClassification and twin.config == model.config
    assert torch.equal(twin(pixels()).logits, model(pixels()).logits)
    with torch.no_grad():
        twin.model.fc.weight.zero_()
    assert model.model.fc.weight.abs().sum() > 0
    # The mark by which fresh norms start at zero travels too.
    twin._init_weights(twin.model.layer1[0].bn2)
    assert not twin.model.layer1[0].bn2.weight.any()
