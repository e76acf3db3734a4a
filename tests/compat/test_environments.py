"""Which environments are tried follows from requirements.txt and the package index."""

import io
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from scripts.hub_ready.compat import environments, index
from scripts.hub_ready.compat.command import default_output
from scripts.hub_ready.compat.environments import Environment, axes_of, newest_of, plan_environments
from scripts.hub_ready.compat.uv import BuildFailed, first_cause
from scripts.hub_ready.problems import Misuse, Problem

# Version to the Python that it needs; a star for one that was withdrawn.
INDEX = {
    "transformers": {
        "4.43.0": "",
        "4.44.0": "",
        "4.44.2": "",
        "4.45.1": "",
        "5.0.0rc1": "",
        "5.0.0": ">=3.10",
        "bad": "",
    },
    "torch": {"2.3.0": "", "2.4.0": "", "2.14.0": "", "2.15.0": "", "2.16.0": "*"},
    "einops": {"0.7.0": "", "0.8.0": "", "0.8.1": ""},
}
REQUIREMENTS = "# a comment\ntransformers>=4.44.1\ntorch>=2.4\neinops>=0.7,<0.8.1\npillow>=10\nnot a requirement!\n"


def answer(url: str, timeout: float) -> io.StringIO:
    package = url.split("/")[-2]
    files = {
        version: [{"filename": _file(package, version), "requires_python": needs.strip("*"), "yanked": needs == "*"}]
        for version, needs in INDEX[package].items()
    }
    return io.StringIO(json.dumps({"releases": files}))


def _file(package: str, version: str) -> str:
    tag = {"2.4.0": "cp39-cp39-linux", "2.3.0": "cp38-cp38-linux"}.get(version, "py3-none-any")
    return f"{package}-{version}-{tag}.whl"


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    index.releases.cache_clear()
    monkeypatch.setattr(urllib.request, "urlopen", answer)
    monkeypatch.setattr(environments, "run_uv", lambda *_, stdin: "torch==2.4.0\ntransformers==4.45.1\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    return tmp_path


def rows(folder: Path, asked: dict[str, list[str]], pythons: list[str] | None = None) -> list[tuple[str, ...]]:
    return [tuple(dict(one.pins).values()) for one in plan_environments(folder, asked, pythons or [])]


def test_what_a_repository_needs_besides_the_stack_is_an_axis(folder: Path) -> None:
    assert axes_of(folder) == ["transformers", "torch", "einops"]


def test_by_default_it_is_every_minor_and_the_ends_of_the_rest(folder: Path) -> None:
    assert rows(folder, {}) == [
        ("5.0.0", "2.15.0", "0.8.0"),
        ("4.45.1", "2.15.0", "0.8.0"),
        ("4.44.2", "2.15.0", "0.8.0"),
        ("4.45.1", "2.15.0", "0.7.0"),
        ("4.44.2", "2.15.0", "0.7.0"),
        ("4.45.1", "2.4.0", "0.8.0"),
        ("4.44.2", "2.4.0", "0.8.0"),
        ("4.44.2", "2.4.0", "0.7.0"),
    ]
    oldest = [one for one in plan_environments(folder, {}, []) if one.oldest]
    assert len(oldest) == 1 and oldest[0].others == ("pillow>=10",)


def test_an_exact_lower_bound_is_tried_beside_the_last_patch_and_with_all_else_at_its_oldest(folder: Path) -> None:
    (folder / "requirements.txt").write_text("transformers>=4.44.0\ntorch==2.15.0\n")
    assert [row[0] for row in rows(folder, {})] == ["5.0.0", "4.45.1", "4.44.2", "4.44.0", "4.44.0"]


def test_what_was_not_asked_for_stays_at_its_newest(folder: Path) -> None:
    assert rows(folder, {"transformers": ["4.44", "9.9.9"]}) == [
        ("9.9.9", "2.15.0", "0.8.0"),
        ("4.44.2", "2.15.0", "0.8.0"),
    ]
    assert rows(folder, {"transformers": [">=4.44,<5"]}) == [
        ("4.45.1", "2.15.0", "0.8.0"),
        ("4.44.2", "2.15.0", "0.8.0"),
    ]
    assert rows(folder, {"timm": ["1.0.9"]}) == [("5.0.0", "2.15.0", "0.8.0", "1.0.9")]


def test_a_python_is_the_one_that_was_asked_for_or_one_that_has_the_packages(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.python_version", lambda: "3.12.1")
    pythons = {dict(one.pins)["torch"]: one.python for one in plan_environments(folder, {}, [])}
    assert pythons == {"2.15.0": "3.12", "2.4.0": "3.9"}
    assert {one.python for one in plan_environments(folder, {}, ["3.10", "/bin/python"])} == {"3.10", "/bin/python"}


def test_a_repository_without_requirements_is_tried_too(tmp_path: Path) -> None:
    assert rows(tmp_path, {})[0] == ("5.0.0", "2.15.0")


@pytest.mark.parametrize("wanted", [">=99", "newest", "4.99", ">="])
def test_a_specifier_that_names_nothing_is_misuse(wanted: str, folder: Path) -> None:
    with pytest.raises(Misuse, match="--transformers"):
        plan_environments(folder, {"transformers": [wanted]}, [])


def test_without_the_index_versions_can_still_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(url: str, timeout: float) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    with pytest.raises(Problem, match=r"no network.*--transformers 1\.2\.3"):
        plan_environments(folder, {}, [])
    exact = {"transformers": ["4.44.2"], "torch": ["2.15.0"], "einops": ["0.8.0"]}
    assert rows(folder, exact) == [("4.44.2", "2.15.0", "0.8.0")]


def test_where_uv_cannot_tell_the_newest_pair_is_tried(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: str, stdin: str) -> str:
        raise BuildFailed("offline", "")

    monkeypatch.setattr(environments, "run_uv", broken)
    assert ("5.0.0", "2.4.0", "0.8.0") in rows(folder, {})


def test_the_newest_environment_has_the_newest_transformers() -> None:
    def one(transformers: str, torch: str) -> Environment:
        return Environment("3.11", (("transformers", transformers), ("torch", torch)))

    assert newest_of([one("4.57.6", "2.15"), one("5.10.0", "2.4"), one("5.9.0", "2.15")]) == one("5.10.0", "2.4")


@pytest.mark.parametrize(
    "text, cause",
    [
        ("  \u00d7 No solution found:\n  ╰─▶ Because there is none\n      of it.\n", "Because there is none of it."),
        ("warning: slow\nerror: Failed to fetch\n  Caused by: dns\n", "error: Failed to fetch"),
        ("it says this\n", "it says this"),
        ("", "it ended without a word"),
    ],
)
def test_a_tool_s_words_become_one_line(text: str, cause: str) -> None:
    assert first_cause(text) == cause


@pytest.mark.parametrize("wanted", ["4.57.6,5.23.0", "4.57.6foo", "5.23.0 or so"])
def test_what_is_no_version_is_misuse(wanted: str) -> None:
    with pytest.raises(Misuse, match="separated by spaces"):
        index.chosen("transformers", wanted)


def test_a_cause_is_told_however_uv_writes_it() -> None:
    said = "error: No solution found\n  cause: Because there is no version\n         of it."
    assert first_cause(said) == "Because there is no version of it."


def test_only_the_whole_of_this_source_tree_goes_where_the_readme_quotes_it() -> None:
    assert default_output(None, partial=False) == Path("results")
    assert default_output(None, partial=True) != Path("results") != default_output("exports/x", partial=False)
