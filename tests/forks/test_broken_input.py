"""What cannot be made ends with one message, and nothing half-made is left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import new_model
from scripts.hub_ready.console import run
from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.update.git import run_git, tracked
from scripts.scaffold.starters import starters

COMMAND = [sys.executable, "-m", "scripts.new_model"]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Run the command in this process: its exit code, and what it said on both streams."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["new_model", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            run(new_model.main)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return stop.value.code, said.out, said.err

    return call


def test_a_folder_with_something_in_it_is_refused_and_stays(ends, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    code, _, said = ends(tmp_path, "--name", "My Net")
    assert code == 2 and "not an empty folder" in said and [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_place_is_refused(ends, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, _, _ = ends(tmp_path / "file", "--name", "My Net")
    assert code == 2 and (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_is_taken(ends, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, said = ends(tmp_path / "empty", "--name", "My Net")
    assert code == 0 and (tmp_path / "empty" / "my_net_model").is_dir(), said
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize("inside", ["fork", "scripts/fork", "tests/../fork"])
def test_a_place_inside_the_template_is_refused(inside: str, ends) -> None:
    code, _, said = ends(ROOT / inside, "--name", "My Net")
    assert code == 2 and "inside the template" in said and not (ROOT / inside).exists()


def test_a_place_that_cannot_be_written_is_a_message(ends, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, _, said = ends(tmp_path / "file" / "fork", "--name", "My Net")
    assert code in (1, 2) and "could not be written" in said and (tmp_path / "file").read_text() == "mine"


def test_a_place_that_no_folder_can_have_is_refused(ends, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place in (tmp_path / ("long" * 100), tmp_path / "loop" / "fork"):
        code, _, said = ends(place, "--name", "My Net")
        assert code == 2 and "cannot be a folder" in said
    assert [path.name for path in tmp_path.iterdir()] == ["loop"]


def test_a_template_without_its_history_is_refused(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "--quiet")
    for path in tracked(ROOT):
        (tmp_path / "unpacked" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / "unpacked" / path)
    command = [*COMMAND, str(tmp_path / "fork"), "--name", "My Net"]
    ends = subprocess.run(command, cwd=tmp_path / "unpacked", capture_output=True, text=True)
    assert ends.returncode == 1 and "lies in another repository" in ends.stderr and "git clone" in ends.stderr
    assert not (tmp_path / "fork").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "expected a folder and a name"),
        (["--name", "My Net", "--license", "gpl-3.0"], "apache-2.0, bsd-3-clause, mit"),
        (["--name", "My Net", "--starter", "text"], "expected one of resnet, vision"),
        (["--name", "bert"], "--model-type my_bert"),
        (["--name", "My Net", "--author", "Ann\nAuthor"], "one line of printable characters"),
        (["--update"], "this is the template itself"),
    ],
)
def test_what_is_misused_is_said_and_nothing_is_made(arguments: list[str], words: str, ends, tmp_path: Path) -> None:
    code, _, said = ends(tmp_path / "fork", *arguments)
    assert code == 2 and words in said and list(tmp_path.iterdir()) == []


def test_a_git_that_knows_nobody_is_said_before_anything_is_made(ends, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for variable in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(variable, raising=False)
    if subprocess.run(["git", "config", "user.email"], cwd=ROOT, capture_output=True).returncode == 0:
        pytest.skip("this clone itself knows its user")
    code, _, said = ends(tmp_path / "fork", "--name", "My Net")
    assert code == 2 and "git config --global user.name" in said and "--no-git" in said
    assert not (tmp_path / "fork").exists()


def test_an_author_in_the_environment_alone_will_do(ends, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Eve Environment")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "eve@example.org")
    code, _, said = ends(tmp_path / "fork", "--name", "My Net", "--license", "mit")
    assert code == 0, said
    assert "Eve Environment\n" in (tmp_path / "fork" / "LICENSE").read_text()


def test_what_settings_ignore_everywhere_is_committed_all_the_same(ends, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "ignored").write_text("*_model/\n")
    (tmp_path / "config").write_text(f"[user]\nname = A\nemail = a@b.c\n[core]\nexcludesFile = {tmp_path}/ignored\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    code, _, said = ends(tmp_path / "fork", "--name", "My Net")
    assert code == 0, said
    assert "my_net_model/modeling_my_net.py" in tracked(tmp_path / "fork")


def test_a_terminal_without_the_letters_of_a_name_shows_escapes(tmp_path: Path) -> None:
    ascii_alone = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [*COMMAND, str(tmp_path / "fork"), "--name", "Größe", "--dry-run"]
    ends = subprocess.run(command, cwd=ROOT, env=ascii_alone, capture_output=True, text=True)
    assert ends.returncode == 0 and "Gr\\xf6\\xdfe" in ends.stdout, ends.stderr


def test_a_dry_run_says_what_would_be_made_and_makes_nothing(ends, tmp_path: Path) -> None:
    code, out, _ = ends(tmp_path / "fork", "--name", "NeoBERT", "--dry-run")
    assert code == 0 and list(tmp_path.iterdir()) == []
    assert "NeoBERTConfig" in out and "neo_bert_model/modeling_neo_bert.py\n" in out and "resnet" not in out


def test_the_help_names_every_starter(ends) -> None:
    code, out, _ = ends("--help")
    assert code == 0 and all(f"{one.name}: {one.summary}" in " ".join(out.split()) for one in starters().values())


def small_files(limit: int) -> list[str]:
    """A prefix that lets no file grow beyond `limit` KiB: writing fails in the middle, as on a disk that is full."""
    return ["bash", "-c", f'trap "" XFSZ; ulimit -f {limit}; exec "$@"', "limited"]


def test_a_full_disk_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    disk, size = tmp_path / "disk", 200
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)], capture_output=True)
    prefix = small_files(8) if mounted.returncode else []
    try:
        end = subprocess.run(
            [*prefix, *COMMAND, str(disk / "a" / "fork"), "--name", "My Net"], cwd=ROOT, capture_output=True, text=True
        )
        assert end.returncode == 1 and "could not be written" in end.stderr, end.stderr
        assert "Traceback" not in end.stderr and list(disk.iterdir()) == []
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_nothing(sent: signal.Signals, tmp_path: Path) -> None:
    command = [*COMMAND, str(tmp_path / "fork"), "--name", "My Net"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(sent)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and "interrupted" in said and "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
