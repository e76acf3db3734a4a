"""A staged folder appears whole or not at all."""

from pathlib import Path

import pytest

from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.staging import staged


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_folder_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    with staged(tmp_path / "a" / "b") as folder:
        (folder / "file").write_text("x")
        assert folder.name == "b" and not (tmp_path / "a" / "b").exists()
    assert names(tmp_path) == ["a", "a/b", "a/b/file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_when_the_block_raises(error: type[BaseException], tmp_path: Path) -> None:
    with pytest.raises(error), staged(tmp_path / "a" / "b" / "c") as folder:
        (folder / "file").write_text("x")
        raise error
    assert names(tmp_path) == []


def test_parents_that_were_there_stay(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(ValueError), staged(tmp_path / "mine" / "b"):
        raise ValueError
    assert names(tmp_path) == ["mine"]


def test_a_target_that_exists_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine").write_text("x")
    with pytest.raises(Misuse, match="--overwrite"), staged(tmp_path / "b"):
        pass
    assert names(tmp_path) == ["b", "b/mine"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with staged(tmp_path / "b") as folder:
        (folder / "file").write_text("x")
    assert names(tmp_path) == ["b", "b/file"]


def test_what_came_to_the_target_meanwhile_stays(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="b was made by somebody else meanwhile"), staged(tmp_path / "b"):
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "mine").write_text("x")
    assert names(tmp_path) == ["b", "b/mine"]


def test_overwriting_replaces_the_whole_folder(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "old").write_text("x")
    with staged(tmp_path / "b", overwrite=True) as folder:
        (folder / "new").write_text("y")
    assert names(tmp_path) == ["b", "b/new"]


def test_overwriting_that_fails_keeps_the_old_folder(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "old").write_text("x")
    with pytest.raises(ValueError), staged(tmp_path / "b", overwrite=True):
        raise ValueError
    assert names(tmp_path) == ["b", "b/old"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(Misuse, match="is a file"), staged(tmp_path / "b", overwrite=True):
        pass
    assert (tmp_path / "b").read_text() == "mine"


def test_an_error_of_the_disk_is_a_problem_that_names_the_target(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"b could not be written: .*full"), staged(tmp_path / "b"):
        raise OSError(28, "the disk is full")
    assert names(tmp_path) == []
