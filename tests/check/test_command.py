"""The command: exit codes, streams, and what it asks before it acts."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from scripts import check_repo
from scripts.hub_ready import console

from .repositories import GOOD, write


@pytest.fixture
def command():
    app = typer.Typer()
    app.command()(console._with_exit_codes(check_repo.main, console._Interrupt()))
    return lambda *arguments, **options: CliRunner().invoke(app, [str(item) for item in arguments], **options)


def test_a_ready_folder_ends_with_0(command, tmp_path: Path):
    done = command(write(tmp_path, GOOD["vision"]()), "--static")

    assert done.exit_code == 0
    assert "ready for the Hub: 0 errors, 0 warnings" in done.output


def test_errors_end_with_1_and_warnings_with_0(command, tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]())
    (folder / "README.md").unlink()
    assert command(folder, "--static").exit_code == 0

    (folder / "model.safetensors").unlink()
    assert command(folder, "--static").exit_code == 1


@pytest.mark.parametrize(
    "arguments", [(), ("/no/such/folder",), (".", "--static", "--select", "nothing"), ("--explain", "nothing")]
)
def test_misuse_ends_with_2_and_no_traceback(command, arguments):
    done = command(*arguments)

    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)


def test_json_is_all_that_standard_output_holds(command, tmp_path: Path):
    done = command(write(tmp_path, {}), "--static", "--json", "--github")

    assert json.loads(done.stdout)["ready"] is False
    assert "::error" in done.stderr


def test_downloaded_code_is_not_run_unasked(command, tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]() | {".cache/huggingface/.gitignore": "*"})

    done = command(folder)

    assert done.exit_code == 2
    assert command(folder, "--static").exit_code == 0


def test_explain_shows_both_examples(command):
    done = command("--explain", "post-init-missing")

    assert "self.post_init()" in done.output
    assert done.exit_code == 0


def test_fix_asks_and_changes_nothing_on_no(command, tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]())
    (folder / ".gitattributes").unlink()

    done = command(folder, "--static", "--fix", input="n\n")

    assert not (folder / ".gitattributes").exists()
    assert "+*.safetensors filter=lfs" in done.stderr


def test_a_folder_that_is_not_there_is_said_before_anybody_is_asked_to_trust_it(command):
    done = command("exports/nothing-here")
    assert done.exit_code == 2 and "there is no folder exports/nothing-here" in done.output
