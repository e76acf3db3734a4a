"""The model keeps its promises, whatever the layers are."""

from pathlib import Path

import pytest
import torch

from scripts.hub_ready.export import export
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.manifest import read_manifest
from scripts.hub_ready.proof import prove
from scripts.hub_ready.source_model import Source, reference_of

from .conftest import Build


def test_a_stranger_gets_the_same_numbers(source: Source, tmp_path: Path, interpreter: FreshInterpreter) -> None:
    manifest, folder = read_manifest(), tmp_path / "exported"
    folder.mkdir()
    export(source.model, [source.processor], manifest, folder)
    assert prove(folder, reference_of(source, manifest), interpreter)["transformers"]


def test_logits_have_one_value_for_each_class(build: Build, pixels: torch.Tensor) -> None:
    assert build(num_classes=3)(pixel_values=pixels).logits.shape == (2, 3)


def test_fresh_weights_give_finite_numbers_that_tell_images_apart(source: Source, pixels: torch.Tensor) -> None:
    with torch.no_grad():
        one, other = source.model(pixel_values=pixels).logits
    assert one.isfinite().all() and not torch.equal(one, other)


def test_the_body_sees_what_the_classifier_sees(source: Source, pixels: torch.Tensor) -> None:
    body = read_manifest().load_class("AutoModel")(source.model.config).eval()
    body.load_state_dict(source.model.state_dict(), strict=False)
    with torch.no_grad():
        pooled = body(pixel_values=pixels).pooler_output
        assert torch.equal(source.model.classifier(pooled), source.model(pixel_values=pixels).logits)


def test_an_image_has_the_same_answer_alone_and_in_a_batch(source: Source, pixels: torch.Tensor) -> None:
    with torch.no_grad():
        together = source.model(pixel_values=pixels).logits
        alone = torch.cat([source.model(pixel_values=image[None]).logits for image in pixels])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


def test_a_step_of_training_reaches_every_parameter(build: Build, pixels: torch.Tensor) -> None:
    model = build().train()
    model(pixel_values=pixels, labels=torch.tensor([0, 1])).loss.backward()
    assert [name for name, value in model.named_parameters() if value.grad is None] == []


@pytest.mark.parametrize(
    ("count", "labels"),
    [(3, torch.tensor([0, 2])), (3, torch.ones(2, 3)), (1, torch.ones(2))],
    ids=["one label", "several labels", "regression"],
)
def test_every_kind_of_label_has_a_loss(count: int, labels: torch.Tensor, build: Build, pixels: torch.Tensor) -> None:
    loss = build(num_classes=count)(pixel_values=pixels, labels=labels).loss
    assert loss.ndim == 0 and loss.isfinite()


def test_other_classes_get_a_fresh_head_and_leave_the_rest(source: Source, tmp_path: Path) -> None:
    source.model.save_pretrained(tmp_path)
    load = type(source.model).from_pretrained
    changed = load(tmp_path, num_labels=7, ignore_mismatched_sizes=True)
    state = source.model.state_dict()
    for name, tensor in changed.state_dict().items():
        assert tensor.isfinite().all()
        if not name.startswith("classifier."):
            assert torch.equal(tensor, state[name])


@pytest.mark.parametrize("wrong", [(2, 5, 8, 8), (3, 8, 8)])
def test_pixels_of_another_shape_are_refused_in_words(wrong: tuple, build: Build) -> None:
    with pytest.raises(ValueError, match=r"pixel_values must be of shape \(batch, "):
        build()(pixel_values=torch.zeros(wrong))
