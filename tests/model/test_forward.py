"""What the models take and give."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import ResNetConfig as NativeConfig
from transformers import ResNetForImageClassification as NativeClassifier
from transformers import ResNetModel as NativeModel
from transformers.modeling_outputs import (
    BaseModelOutputWithPoolingAndNoAttention,
    ImageClassifierOutputWithNoAttention,
)

from resnet_model import ResnetModel, ResnetModelForImageClassification

from .networks import pixels, tiny_model

BOTH = [ResnetModel, ResnetModelForImageClassification]


class Given(nn.Module):
    """Answers whatever it is asked with one tensor."""

    def __init__(self, answer: Tensor):
        super().__init__()
        self.answer = answer

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        return self.answer


def native(cls: type, **fields: Any) -> nn.Module:
    """transformers' own ResNet of the tiny network's size."""
    sizes = {"embedding_size": 64, "hidden_sizes": [32, 32, 64, 64], "depths": [1, 1, 1, 1], "layer_type": "basic"}
    return cls(NativeConfig(**sizes, **fields)).eval()


def test_logits_and_features_are_those_of_the_timm_network_inside() -> None:
    model, body = tiny_model(), tiny_model(ResnetModel)
    body.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("model.fc.")})
    with torch.no_grad():
        features = model.model.forward_features(pixels())
        assert torch.equal(model(pixels()).logits, model.model(pixels()))
        assert torch.equal(body(pixels()).last_hidden_state, features)
        assert torch.equal(body(pixels()).pooler_output, model.model.forward_head(features, pre_logits=True))


def test_outputs_are_transformers_own() -> None:
    classified, encoded = tiny_model()(pixels()), tiny_model(ResnetModel)(pixels())
    assert type(classified) is ImageClassifierOutputWithNoAttention and classified.keys() == {"logits"}
    assert type(encoded) is BaseModelOutputWithPoolingAndNoAttention
    assert classified.logits.shape == (2, 3)
    assert encoded.last_hidden_state.shape == (2, 64, 2, 2) and encoded.pooler_output.shape == (2, 64)


@pytest.mark.parametrize("cls", BOTH)
def test_tuples_are_given_on_request(cls: type) -> None:
    model = tiny_model(cls)
    plain, named = model(pixels(), return_dict=False), model(pixels())
    assert isinstance(plain, tuple) and all(torch.equal(a, b) for a, b in zip(plain, named.to_tuple(), strict=True))
    model.config.return_dict = False
    assert isinstance(model(pixels()), tuple) and not isinstance(model(pixels(), return_dict=True), tuple)


@pytest.mark.parametrize("cls", BOTH)
def test_hidden_states_follow_the_native_resnet(cls: type) -> None:
    model = tiny_model(cls)
    ours = model(pixels(), output_hidden_states=True).hidden_states
    theirs = native(NativeModel)(pixels(), output_hidden_states=True).hidden_states
    assert [state.shape for state in ours] == [state.shape for state in theirs]
    net = model.model
    assert torch.equal(ours[0], net.maxpool(net.act1(net.bn1(net.conv1(pixels())))))
    assert torch.equal(ours[-1], net.forward_features(pixels()))


@pytest.mark.parametrize("cls", BOTH)
def test_hidden_states_are_kept_when_the_call_or_the_configuration_asks(cls: type) -> None:
    model = tiny_model(cls)
    assert model(pixels()).hidden_states is None
    model.config.output_hidden_states = True
    assert (
        len(model(pixels()).hidden_states) == 5 and model(pixels(), output_hidden_states=False).hidden_states is None
    )


@pytest.mark.parametrize(
    ("count", "problem", "labels"),
    [
        (3, None, torch.tensor([0, 2])),
        (3, None, torch.tensor([0, 2], dtype=torch.int32).long()),
        (3, "single_label_classification", torch.tensor([[1], [2]])),
        (3, "single_label_classification", torch.tensor([1, -100])),
        (3, None, torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])),
        (3, "multi_label_classification", torch.tensor([[0.0, 1.0, 0.5], [1.0, 0.0, 0.0]])),
        (3, "regression", torch.tensor([[0.1, -2.0, 3.0], [1.0, 0.0, 0.7]])),
        (1, None, torch.tensor([0.3, -0.5])),
        (1, None, torch.tensor([[0.3], [-0.5]])),
        (1, "regression", torch.tensor([0.3, -0.5])),
    ],
)
def test_losses_equal_those_of_the_native_resnet(count: int, problem: str | None, labels: Tensor) -> None:
    logits = torch.randn(2, count, generator=torch.Generator().manual_seed(0))
    ours = tiny_model(num_classes=count, problem_type=problem)
    theirs = native(NativeClassifier, num_labels=count, problem_type=problem)
    ours.model.fc, theirs.classifier = Given(logits), Given(logits)
    expected, found = theirs(pixels(), labels=labels).loss, ours(pixels(), labels=labels)
    assert expected.isfinite() and torch.equal(found.loss, expected)
    assert found.loss.ndim == 0 and torch.equal(found.logits, logits)


def test_short_integers_are_class_numbers_too() -> None:
    model, labels = tiny_model(), torch.tensor([0, 2])
    assert torch.equal(model(pixels(), labels=labels.int()).loss, model(pixels(), labels=labels).loss)


@pytest.mark.parametrize(
    ("shape", "channels"),
    [((2, 1, 64, 64), 3), ((2, 4, 64, 64), 3), ((3, 64, 64), 3), ((2, 64, 64, 3), 3), ((2, 3, 64, 64), 1)],
)
@pytest.mark.parametrize("cls", BOTH)
def test_another_shape_is_refused_by_name(cls: type, shape: tuple[int, ...], channels: int) -> None:
    with pytest.raises(ValueError) as caught:
        tiny_model(cls, input_channels=channels)(torch.zeros(shape))
    assert f"(batch, {channels}, height, width)" in str(caught.value) and str(shape) in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "given"),
    [
        (torch.float32, torch.uint8),
        (torch.float32, torch.int64),
        (torch.float32, torch.float64),
        (torch.float32, torch.bfloat16),
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
    ],
)
def test_another_dtype_is_refused_by_name(weights: torch.dtype, given: torch.dtype) -> None:
    with pytest.raises(ValueError) as caught:
        tiny_model().to(weights)(torch.zeros(1, 3, 64, 64, dtype=given))
    assert f"must be {weights}" in str(caught.value) and f"found {given}" in str(caught.value)


@pytest.mark.parametrize("weights", [torch.float32, torch.bfloat16])
def test_autocast_takes_float32_and_refuses_integers(weights: torch.dtype) -> None:
    model = tiny_model().to(weights)
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        logits = model(pixels()).logits
        with pytest.raises(ValueError, match=r"found torch\.uint8"):
            model(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    assert logits.dtype == torch.bfloat16 and logits.isfinite().all()


@pytest.mark.parametrize("weights", [torch.bfloat16, torch.float16])
def test_half_precision_runs_from_end_to_end(weights: torch.dtype) -> None:
    model = tiny_model(aa_layer="blur").to(weights)
    with torch.no_grad():
        logits = model(pixels().to(weights)).logits
    assert logits.dtype == weights and torch.allclose(
        logits.float(), tiny_model(aa_layer="blur")(pixels()).logits, atol=0.1
    )


def test_a_replica_without_parameters_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    # What torch.nn.DataParallel makes of a model on each device.
    model = tiny_model()
    monkeypatch.setattr(model, "parameters", lambda: iter(()))
    assert model(pixels()).logits.shape == (2, 3)


def test_drop_rate_acts_in_training_only() -> None:
    model = tiny_model(drop_rate=0.9)
    assert torch.equal(model(pixels()).logits, tiny_model()(pixels()).logits)
    model.train()
    torch.manual_seed(0)
    assert not torch.equal(model(pixels()).logits, model(pixels()).logits)


def test_drop_path_rate_grows_to_the_last_block() -> None:
    rates = [
        stage[0].drop_path for stage in tiny_model(drop_path_rate=0.3).model.children() if hasattr(stage, "__len__")
    ]
    assert rates[0] is None and [round(rate.drop_prob, 3) for rate in rates[1:]] == [0.1, 0.2, 0.3]


def test_quantisers_and_adapters_may_ask_for_embeddings() -> None:
    model = tiny_model()
    assert model.get_input_embeddings() is None
    model.enable_input_require_grads()
    model.disable_input_require_grads()
