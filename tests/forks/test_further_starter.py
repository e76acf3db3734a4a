"""A further starter is a folder: no command and no library changes for it, whatever its models are fed with."""

import json
import shutil
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.update.git import run_git

from .test_every_name import run

STARTER = Path(__file__).with_name("text_starter")


def put_tokenizer(folder: Path) -> None:
    """A tokenizer of a few words, as its author would save it beside the manifest."""
    words = ["[PAD]", "[UNK]", "a", "small", "test", "another", "of", "longer", "sentence", "one", "more"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    fast.model_input_names = ["input_ids", "attention_mask"]
    fast.save_pretrained(folder)


@pytest.mark.forks
def test_a_starter_of_texts_is_one_more_folder(tmp_path: Path) -> None:
    template, fork = tmp_path / "template", tmp_path / "fork"
    run_git(tmp_path, "clone", "--quiet", str(ROOT), str(template))
    place = template / "scripts/scaffold/starters/text"
    shutil.copytree(STARTER, place, ignore=shutil.ignore_patterns("__pycache__"))
    put_tokenizer(place)
    run_git(template, "add", "-A")
    run_git(template, "commit", "--quiet", "-m", "A starter of texts")

    run(template, "scripts.new_model", str(fork), "--name", "My Reader", "--starter", "text")
    run(fork, "pytest")
    run(fork, "scripts.export_model", "my-reader", "--weights", "random")
    exported = fork / "exports/my-reader"
    assert "AutoModelForSequenceClassification.from_pretrained" in (exported / "README.md").read_text()
    assert (exported / "tokenizer.json").read_bytes() == (place / "tokenizer.json").read_bytes()
    assert json.loads(run(fork, "scripts.check_repo", "exports/my-reader", "--json"))["findings"] == []
    assert "loaded back" in run(fork, "scripts.push_to_hub", "exports/my-reader", "--rehearse", "--static")
