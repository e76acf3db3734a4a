"""An update brings in what is new in the template, keeps what the author did, and is done whole or not at all."""

import subprocess
from pathlib import Path

import pytest

from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.update.git import changes, git_text, run_git
from scripts.hub_ready.update.record import public_address, read_record
from scripts.hub_ready.update.update import find_update

from .places import HEAD, OTHER, SCRIPT, Place, commit, edit, listing, run, sources, state, update


def test_a_changed_script_comes_in_and_the_authors_edits_stay(place: Place) -> None:
    template, fork = place
    edit(template, SCRIPT, HEAD, "Label images with an exported folder")
    (template / "scripts" / "new_tool.py").write_text('"""New."""\n')
    (template / "scripts" / "hub_ready" / "samples.py").unlink()
    edit(template, "README.md", "# A custom", "# Another custom")
    edit(
        template, "scripts/scaffold/starters/vision/starter_model/modeling_starter.py", "# ---- End", "# ---- The end"
    )
    commit(template)
    edit(fork, SCRIPT, "How many labels for each image.", "How many labels.")
    edit(fork, "my_net_model/modeling_my_net.py", "kernel_size=5, padding=2", "kernel_size=3, padding=1")
    edit(fork, "README.md", "# My Net", "# My own net")
    commit(fork)
    before = state(fork)
    done = run(fork, "--update", "--template", str(template))
    assert done.returncode == 0, done.stderr
    after = state(fork)
    record, merged = "scripts/template.json", after[SCRIPT].decode()
    assert "Label images with an exported folder" in merged and '"How many labels."' in merged
    assert (fork / "scripts" / "new_tool.py").is_file() and "scripts/hub_ready/samples.py" not in after
    assert {path for path in before if before[path] != after.get(path)} == {
        SCRIPT,
        record,
        "scripts/hub_ready/samples.py",
    }
    assert read_record(fork).commit == git_text(template, "rev-parse", "HEAD")
    assert git_text(fork, "rev-list", "--count", "HEAD") == "2" and changes(fork)


def test_a_true_conflict_is_marked_and_reported_and_can_be_undone(place: Place) -> None:
    template, fork = place
    edit(template, SCRIPT, HEAD, "The template's sentence")
    edit(template, OTHER, '"""Names of classes."""', '"""What classes are called."""')
    (template / "new settings.toml").write_text("")
    commit(template)
    edit(fork, SCRIPT, HEAD, "The author's sentence")
    commit(fork)
    (fork / "exports").mkdir()
    (fork / "exports" / "ignored").write_text("mine")
    before = listing(fork)
    done = run(fork, "--update", "--template", str(template))
    text = (fork / SCRIPT).read_text()
    assert done.returncode == 1 and f"conflict  {SCRIPT}: 1 conflict, marked" in done.stdout
    assert "need your decision" in done.stderr and "Traceback" not in done.stderr
    assert "<<<<<<< yours\n" in text and ">>>>>>> the template now\n" in text
    assert "The author's sentence" in text and "The template's sentence" in text
    assert "What classes are called" in (fork / OTHER).read_text()
    assert "  new       new settings.toml\n" in done.stdout and f"  changed   {OTHER}\n" in done.stdout
    (fork / "scripts" / "later.py").write_text("made after the update")
    undo = done.stderr.partition("undo all of it: ")[2]
    subprocess.run(undo, shell=True, cwd=fork, check=True, capture_output=True)
    assert sources(listing(fork)) == sources({**before, "scripts/later.py": b"made after the update"})


def test_what_one_side_removed_is_not_brought_back_nor_lost(place: Place) -> None:
    template, fork = place
    edit(template, SCRIPT, HEAD, "The template's sentence")
    (template / OTHER).unlink()
    commit(template)
    (fork / SCRIPT).unlink()
    edit(fork, OTHER, '"""Names of classes."""', '"""Mine."""')
    commit(fork)
    merge = update(fork, template)
    assert merge.kept == {SCRIPT: "you removed it"} and not (fork / SCRIPT).exists()
    assert "yours stays" in merge.conflicts[OTHER] and "Mine" in (fork / OTHER).read_text()


def test_without_anything_new_nothing_is_done(place: Place) -> None:
    template, fork = place
    done = run(fork, "--update")
    assert done.returncode == 0 and "nothing to do" in done.stdout
    assert update(fork, template) is None and changes(fork) == []


def test_changes_in_no_commit_stop_it(place: Place) -> None:
    template, fork = place
    edit(template, SCRIPT, HEAD, "The template's sentence")
    commit(template)
    (fork / "notes.txt").write_text("mine")
    before = state(fork)
    done = run(fork, "--update", "--template", str(template))
    assert done.returncode == 2 and "notes.txt" in done.stderr and "commit them first" in done.stderr
    assert state(fork) == before and changes(fork) == ["?? notes.txt"]


def test_untracked_files_count_whatever_git_is_told_to_show(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "--quiet")
    run_git(tmp_path, "config", "status.showUntrackedFiles", "no")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "mine.py").touch()
    assert changes(tmp_path) == ["?? scripts/mine.py"]


def test_an_older_template_is_brought_in_only_when_asked_for(place: Place) -> None:
    template, fork = place
    old = git_text(template, "rev-parse", "HEAD")
    edit(template, SCRIPT, HEAD, "The template's sentence")
    commit(template)
    before = state(fork)
    update(fork, template)
    commit(fork)
    run_git(template, "checkout", "--quiet", old)
    with pytest.raises(Problem, match=f"is older than .*, or add --revision {old[:12]} to go back"):
        update(fork, template)
    assert changes(fork) == []
    assert update(fork, template, old[:12]).conflicts == {} and state(fork) == before


def test_conflicts_in_the_commands_own_tools_are_a_message(place: Place) -> None:
    _, fork = place
    path = "scripts/hub_ready/console.py"
    edit(fork, path, "import functools", "<<<<<<< yours\nimport functools")
    done = run(fork, "--update")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{path}, line 3" in done.stderr and "(<<<<<<<) there, decide it first" in done.stderr
    subprocess.run(done.stderr.rpartition("bring the file back: ")[2], shell=True, cwd=fork, check=True)
    assert changes(fork) == []


def test_a_fork_is_not_forked_but_says_where_it_came_from(first_place: Place) -> None:
    template, fork = first_place
    for asked in (["../ff", "--name", "FF"], ["--dry-run"], []):
        done = run(fork, *asked)
        assert done.returncode == 2 and f"made from the template at {template}, and further" in done.stderr
    done = run(fork, "--update", "--revison", "v2")
    assert done.returncode == 2 and "found --revison v2" in done.stderr


def test_what_git_said_is_told_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "echo 'ssh: no such host' >&2; exit 255 #")
    with pytest.raises(Problem, match=r"^git clone failed in .*: ssh: no such host; fatal: .*remote repository\.$"):
        run_git(tmp_path, "clone", "--quiet", "ssh://git@nowhere.example.org/a.git", "there")
    run_git(tmp_path, "init", "--quiet")
    with pytest.raises(Problem, match=r"^git commit failed in .*: "):
        run_git(tmp_path, "-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "nothing")


def test_a_template_that_makes_no_tree_leaves_the_fork_as_it_was(place: Place) -> None:
    template, fork = place
    (template / "scripts" / "scaffold" / "__main__.py").write_text("raise SystemExit('broken')\n")
    commit(template)
    with pytest.raises(Problem, match="made no tree: broken"):
        update(fork, template)
    assert changes(fork) == []


def test_a_template_without_the_recorded_commit_is_a_message(place: Place, tmp_path: Path) -> None:
    _, fork = place
    other = tmp_path / "other"
    other.mkdir()
    run_git(other, "init", "--quiet")
    commit(other)
    with pytest.raises(Problem, match="the template has no commit"):
        update(fork, other)
    with pytest.raises(Problem, match="git clone"):
        update(fork, tmp_path / "nowhere")
    assert changes(fork) == []


def test_a_clone_that_remembers_no_template_asks_for_it(place: Place, tmp_path: Path) -> None:
    run_git(tmp_path, "clone", "--quiet", str(place[1]), str(tmp_path / "clone"))
    with pytest.raises(Misuse, match="--update --template ADDRESS"):
        find_update(tmp_path / "clone")


def test_only_what_new_model_made_can_be_updated(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="works inside a repository that new_model made"):
        find_update(ROOT)


def test_an_address_is_recorded_without_its_password() -> None:
    assert public_address("https://me:secret@example.org/a/b.git") == "https://example.org/a/b.git"
    assert public_address("git@example.org:a/b.git") == "git@example.org:a/b.git"
    assert public_address("/home/me/template") is None
