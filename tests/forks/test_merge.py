"""What of the author's is merged, what is left alone, and what stops an update before anything is written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.hub_ready.problems import Problem
from scripts.hub_ready.update.apply import apply
from scripts.hub_ready.update.git import changes, run_git
from scripts.hub_ready.update.merge import Merge, merge_texts, merge_trees

from .places import commit, listing

Trees = tuple[Path, Path, Path]


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    """The author's repository, and the template then and now: three folders of one script and one tool."""
    made = [tmp_path / name for name in ("ours", "base", "theirs")]
    for tree in made:
        (tree / "scripts").mkdir(parents=True)
        (tree / "scripts" / "run.py").write_text("first\nsecond\nthird\nfourth\n")
        (tree / "tool").write_bytes(b"\0binary")
    (made[0] / ".gitignore").write_text("*.log\n")
    run_git(made[0], "init", "--quiet")
    commit(made[0])
    return made[0], made[1], made[2]


def merged(trees: Trees) -> Merge:
    """Apply the merge of all that the template has."""
    paths = {path for tree in trees[1:] for path in listing(tree)}
    merge = merge_trees(*trees, list(paths))
    apply(merge, trees[0])
    return merge


def linked(place: Path) -> None:
    target = place.with_name("elsewhere.log")
    place.unlink(missing_ok=True)
    target.write_text("mine")
    place.symlink_to(target)


def folder(place: Path) -> None:
    place.unlink(missing_ok=True)
    place.mkdir()
    (place / "kept.log").write_text("mine")


def ignored(place: Path) -> None:
    run_git(place.parents[1], "rm", "--quiet", "--cached", "--ignore-unmatch", str(place))
    (place.parents[1] / ".gitignore").write_text(f"*.log\n{place.name}\n")
    place.write_text("mine")


@pytest.mark.parametrize("mine", [linked, folder, ignored])
@pytest.mark.parametrize("path", ["scripts/run.py", "scripts/added.py"])
def test_what_git_does_not_keep_stops_it_before_anything_is_written(
    path: str, mine: Callable[[Path], None], trees: Trees
) -> None:
    ours, _, theirs = trees
    (theirs / path).write_text("the template's")
    (theirs / "tool").write_bytes(b"\0newer")
    mine(ours / path)
    commit(ours)
    before = listing(ours)
    with pytest.raises(Problem, match=f"new for {path}, where you have an ignored file, a folder or a link"):
        merged(trees)
    assert listing(ours) == before and changes(ours) == []


def test_a_link_in_place_of_a_folder_is_not_written_through(trees: Trees, tmp_path: Path) -> None:
    ours, _, theirs = trees
    (ours / "scripts").rename(tmp_path / "shared")
    (ours / "scripts").symlink_to(tmp_path / "shared")
    commit(ours)
    for name in ("run.py", "added.py"):
        (theirs / "scripts" / name).write_text("the template's")
    with pytest.raises(Problem, match=r"new for scripts/added.py, scripts/run.py, where you have .* or a link"):
        merged(trees)
    for name in ("run.py", "added.py"):
        (theirs / "scripts" / name).unlink()
    assert merged(trees) == Merge() and (tmp_path / "shared" / "run.py").is_file()


def test_what_the_template_does_not_change_may_be_anything(trees: Trees) -> None:
    ours, _, theirs = trees
    linked(ours / "scripts" / "run.py")
    commit(ours)
    (theirs / "scripts" / "added.py").write_text("new")
    merge = merged(trees)
    assert merge.new == {"scripts/added.py"} == set(merge.write)
    assert (ours / "scripts" / "run.py").is_symlink()


def executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100)


def test_who_may_execute_a_file_is_merged_like_its_content(trees: Trees) -> None:
    ours, base, theirs = trees
    (theirs / "tool").chmod(0o755)
    (theirs / "added").write_text("new")
    (theirs / "added").chmod(0o755)
    (ours / "scripts" / "run.py").chmod(0o700)
    (theirs / "scripts" / "run.py").write_text("changed\n")
    commit(ours)
    merge = merged(trees)
    assert set(merge.write) == {"tool", "added", "scripts/run.py"} and merge.new == {"added"}
    assert executable(ours / "tool") and executable(ours / "added") and executable(ours / "scripts" / "run.py")
    assert (ours / "tool").read_bytes() == b"\0binary" and (ours / "scripts" / "run.py").read_text() == "changed\n"
    assert (ours / "scripts" / "run.py").stat().st_mode & 0o777 == 0o700
    commit(ours)
    (base / "tool").chmod(0o755)
    (theirs / "tool").chmod(0o644)
    merged(trees)
    assert not executable(ours / "tool")


def test_changes_in_different_places_merge_and_in_the_same_place_conflict() -> None:
    base = b"".join(b"line %d\n" % i for i in range(9))
    ours, theirs = base.replace(b"line 1", b"mine"), base.replace(b"line 7", b"theirs")
    assert merge_texts(ours, base, theirs) == (ours.replace(b"line 7", b"theirs"), 0)
    assert merge_texts(ours, base, base.replace(b"line 1", b"theirs"))[1] == 1
    with pytest.raises(ValueError):
        merge_texts(b"\0a", b"\0b", b"\0c")
