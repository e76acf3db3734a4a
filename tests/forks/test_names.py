"""A name has its forms, or is refused with a reason and a name that would do."""

import re
import shlex

import pytest

from scripts.hub_ready.problems import Misuse
from scripts.scaffold.create import Asked, judged_names
from scripts.scaffold.names import derive
from scripts.scaffold.starters import starters

GOOD = {
    "My Net": ("my_net", "MyNet"),
    "NeoBERT": ("neo_bert", "NeoBERT"),
    "neobert": ("neobert", "Neobert"),
    "u-net2": ("u_net2", "UNet2"),
    "MLPMixer": ("mlp_mixer", "MLPMixer"),
    "ImageNet-21k Net/16": ("image_net_21k_net_16", "ImageNet21kNet16"),
    "x": ("x", "X"),
    "E": ("e", "E"),
    "Müller naïve": ("muller_naive", "MullerNaive"),
    "Größe": ("grosse", "Grosse"),
    "Łódź": ("lodz", "Lodz"),
    "MY NET": ("my_net", "MYNET"),
    "o'hara_net": ("o_hara_net", "OHaraNet"),
    "w" * 40: ("w" * 40, "W" + "w" * 39),
    "model": ("model", "Model"),
    "config": ("config", "Config"),
    "custom resnet": ("custom_resnet", "CustomResnet"),
    "resnet50d": ("resnet50d", "Resnet50d"),
    "test": ("test", "Test"),
    "tests": ("tests", "Tests"),
    "timm": ("timm", "Timm"),
    "torch": ("torch", "Torch"),
    "json": ("json", "Json"),
    "starter": ("starter", "Starter"),
    "Network": ("network", "Network"),
    "__init__": ("init", "Init"),
}
REFUSED = {
    "": "with letters",
    "!!!": "with letters",
    "网络": "spell it in a to z",
    "2": "net_2",
    "3d net": "net_3d",
    "class": "keyword",
    "w" * 41: "longer than 40",
    "resnet": "model_type 'resnet' is one of transformers' own",
    "ResNet": "ResNetConfig is a class of transformers' own",
    "bert": "model_type 'bert'",
    "class " + "x" * 40: "longer than 40",
    "TimmWrapper": "model_type 'timm_wrapper'",
    "my\x1bnet": "printable",
    "ViT": "model_type 'vit'",
    "auto": "AutoConfig is a class of transformers' own",
    "base": "BaseImageProcessor",
    "pre trained": "PreTrained",
}


def judged(name: str, **given: str):
    return judged_names(Asked(name, **given))


@pytest.mark.parametrize("starter", starters())
@pytest.mark.parametrize("name", GOOD)
def test_a_good_name_has_its_forms(name: str, starter: str) -> None:
    names = judged(name, starter=starter)
    assert (names.snake, names.prefix) == GOOD[name]
    assert names.model_type == names.snake and names.package == f"{names.snake}_model"


@pytest.mark.parametrize("starter", starters())
@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_cannot_be_is_refused_with_its_reason(name: str, starter: str) -> None:
    with pytest.raises(Misuse, match=re.escape(REFUSED[name])):
        judged(name, starter=starter)


@pytest.mark.parametrize(
    "given",
    [
        *({"name": name} for name in REFUSED if name not in ("", "!!!", "my\x1bnet")),
        {"name": "My Net", "model_type": "Bert"},
        {"name": "My Net", "class_prefix": "bert"},
        {"name": "My Net", "class_prefix": "x" * 50, "model_type": "y" * 50},
    ],
    ids=lambda given: " ".join(given.values()),
)
@pytest.mark.parametrize("starter", starters())
def test_what_a_refusal_suggests_works_at_once(given: dict[str, str], starter: str) -> None:
    with pytest.raises(Misuse) as refused:
        judged(**given, starter=starter)
    said = shlex.split(re.search(r"(?:try|for instance) (--.*)$", str(refused.value))[1])
    instead = {option.removeprefix("--").replace("-", "_"): value for option, value in zip(said[::2], said[1::2])}
    judged(**{**given, **instead}, starter=starter)


def test_forms_can_be_given() -> None:
    names = judged("resnet", class_prefix="MyResnet", model_type="my-resnet")
    assert (names.snake, names.prefix, names.model_type) == ("resnet", "MyResnet", "my-resnet")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"class_prefix": "my"}, "--class-prefix: expected"),
        ({"class_prefix": "My-Net"}, "try --class-prefix MyNet"),
        ({"model_type": "My Net"}, "try --model-type my_net"),
        ({"model_type": "bert"}, "transformers' own"),
        ({"model_type": "Łódź", "class_prefix": "Łódź"}, "try --class-prefix Lodz --model-type lodz"),
        ({"model_type": "my_net_model"}, "stand for two things"),
        ({"class_prefix": "Bert"}, "BertConfig is a class of transformers' own"),
    ],
)
def test_forms_that_are_given_are_judged_too(given: dict[str, str], reason: str) -> None:
    with pytest.raises(Misuse, match=re.escape(reason)):
        judged("My Net", **given)


def test_an_installed_module_is_not_hidden(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_net_model.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Misuse, match="'my_net_model' is an installed module"):
        judged("My Net")


def test_an_unknown_starter_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Misuse, match="expected one of resnet, vision, found 'text'"):
        judged("My Net", starter="text")


def test_one_word_in_mixed_case_is_divided_where_a_word_begins() -> None:
    assert [derive(name).snake for name in ("ViT", "EfficientNetV2", "XMLNet", "BiLSTM", "net2vec")] == [
        "vit",
        "efficient_net_v2",
        "xml_net",
        "bi_lstm",
        "net2vec",
    ]
