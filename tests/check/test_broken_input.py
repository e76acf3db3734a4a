"""Broken and hostile folders: a finding or a clear error, never a failing rule."""

import json
import os
import tempfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.hub_ready.check import Report, check_folder
from scripts.hub_ready.check.edits import plan_fixes
from scripts.hub_ready.check.repository import MAX_TEXT

from .repositories import GOOD, Files, write


def check(folder: Path) -> Report:
    """A static check in which no rule may fail; the report must be JSON that can be read again."""
    report = check_folder(folder, behaviour=False, repo_id="someone/x")
    failed = [f"{f.rule}: {f.message}" for f in report.findings if "the rule itself failed" in f.message]
    assert failed == []
    assert json.loads(report.to_json())["ready"] is report.ready
    return report


def rules(folder: Path) -> set[str]:
    return {finding.rule for finding in check(folder).findings}


def test_an_empty_folder_has_no_config_and_no_weights(tmp_path: Path):
    assert {"config-readable", "weights-present"} <= rules(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "NaN", "[" * 100_000, "1" * 5000, "\x00", "{}"])
def test_any_text_as_config_gives_findings(text: str, tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]() | {"config.json": text})

    assert rules(folder)


@pytest.mark.parametrize("name", ["modeling_tiny.py", "README.md", "requirements.txt", "preprocessor_config.json"])
def test_binary_garbage_in_any_file_gives_a_finding(name: str, tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]() | {name: bytes(range(256)) * 4})

    assert rules(folder)


def test_a_huge_file_of_code_gives_a_finding(tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]() | {"modeling_tiny.py": b"\n" * (MAX_TEXT + 1)})

    assert "code-parses" in rules(folder)


@pytest.mark.parametrize("code", ["(" * 5000, "x = " + "-" * 50_000 + "1", "a." * 20_000 + "b", "\n" * 1_000_000])
def test_code_that_exhausts_a_parser_is_survived(code: str, tmp_path: Path):
    check(write(tmp_path, GOOD["vision"]() | {"modeling_tiny.py": code}))


def test_files_without_permission_give_findings():
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = write(Path(place), GOOD["vision"]())
        (folder / "config.json").chmod(0)
        nobody, me = 65534, os.geteuid()
        try:
            if me == 0:
                os.seteuid(nobody)  # root may read everything
            assert "config-readable" in rules(folder)
        finally:
            os.seteuid(me)


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]())
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")

    assert "no-symlink" in rules(folder)


def test_a_ring_of_links_is_not_followed(tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]())
    (folder / "again").symlink_to(folder)
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("config.json")

    assert "no-symlink" in rules(folder)


def test_classes_that_inherit_in_a_ring_are_survived(tmp_path: Path):
    files = {
        "modeling_a.py": "from .modeling_b import B\nclass A(B): pass\n",
        "modeling_b.py": "from .modeling_a import A\nclass B(A): pass\n",
    }

    check(write(tmp_path, files))


_FILES = """config.json preprocessor_config.json processor_config.json tokenizer_config.json modeling_tiny.py README.md
    configuration_tiny.py requirements.txt .gitattributes model.safetensors model.safetensors.index.json vocab.txt
    generation_config.json extra.py pytorch_model.bin .env sub/modeling_x.py __pycache__/a.pyc"""
_ENTRIES = """auto_map model_type architectures id2label label2id num_labels num_classes AutoModel AutoConfig
    weight_map image_processor_type processor_class metadata 0 1 -1 AutoTokenizer AutoModelForImageClassification"""
_WORDS = "modeling_tiny.TinyModel a/b.C a.b.C x--y.Z .. . resnet ViTImageProcessor /home/x"
_LINES = """class A(PreTrainedModel):
class B(A):
    def __init__(self, config):
        self.post_init()
    def forward(self):
    def _init_weights(module):
        module.weight.data.normal_()
        pass
from .a import *
from . import b
from ..c import d
import torch.nn as nn
def f(): pass
x = f(x)
from transformers import PreTrainedModel, PretrainedConfig
class C(PretrainedConfig):
    a: list = []
        self.register_buffer('b', nn.x(), persistent=False)
    def __init__(*a, **k):
    _tied_weights_keys = []
        super().__init__(*a, **k)
        x = torch.zeros(1).item()
eval('1')
'''
try:
except: pass
@x
        (self.a, [self.b]) = nn.Linear()
    attribute_map = {**a}
if x: import y
match x:
  case 1: pass"""
_NAMES, _KEYS = st.sampled_from(_FILES.split()), st.sampled_from(_ENTRIES.split())
_TEXTS = st.one_of(st.text(max_size=20), st.sampled_from([*_WORDS.split(), "\ud800"]))
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _TEXTS)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(_KEYS, _TEXTS), inner, max_size=5)),
)
_CODE = st.lists(st.sampled_from(_LINES.splitlines()), max_size=25).map("\n".join)
_CONTENTS = st.one_of(
    st.binary(max_size=200),
    _TEXTS.map(lambda text: text.encode(errors="surrogatepass")),
    _VALUES.map(lambda value: json.dumps(value).encode()),
    _VALUES.map(lambda value: f"---\n{json.dumps(value)}\n---\n".encode()),
    _CODE.map(str.encode),
)


def _fuzz(make: str, changes: dict[str, Any], keys: dict[str, Any]) -> None:
    files: Files = GOOD[make]() if make else {}
    config = json.loads(files.get("config.json", "{}")) | keys
    files |= {"config.json": json.dumps(config)} | changes
    with TemporaryDirectory() as folder:
        report = check(write(Path(folder), files))
        plan = plan_fixes(folder, report)
        plan.diff()
        plan.apply()
        check(Path(folder))


_INPUTS = {
    "make": st.sampled_from(["", "vision", "audio", "two_towers"]),
    "changes": st.dictionaries(_NAMES, _CONTENTS, max_size=6),
    "keys": st.dictionaries(_KEYS, _VALUES, max_size=4),
}
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=60, deadline=None, suppress_health_check=_QUIET, database=None)
@given(**_INPUTS)
def test_no_folder_makes_a_rule_or_a_repair_fail(make, changes, keys):
    _fuzz(make, changes, keys)


@pytest.mark.cost
@settings(max_examples=2000, deadline=None, suppress_health_check=_QUIET, database=None)
@given(**_INPUTS)
def test_none_of_two_thousand_folders_makes_a_rule_or_a_repair_fail(make, changes, keys):
    _fuzz(make, changes, keys)
