"""The manifest says which classes there are."""

import json
from pathlib import Path

import pytest

from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.manifest import ROOT, Manifest, read_manifest
from scripts.hub_ready.problems import Problem
from scripts.hub_ready.source_model import main_auto_class


def test_every_class_of_the_manifest_is_there_and_has_its_model_type() -> None:
    manifest = read_manifest()
    classes = {key: manifest.load_class(key) for key in manifest.auto_map}
    assert classes["AutoConfig"].model_type == manifest.config["model_type"]
    for key in manifest.model_keys:
        assert classes[key].config_class is classes["AutoConfig"]


def test_the_default_architecture_is_what_config_json_says() -> None:
    manifest = read_manifest()
    config = manifest.load_class("AutoConfig")(**manifest.config)
    assert {name: getattr(config, name) for name in manifest.config} == manifest.config


def test_a_published_auto_map_has_no_folder_and_no_processor() -> None:
    manifest = Manifest(Path(), {}, {"AutoModel": "m/x.A", "AutoImageProcessor": "m/y.B"})
    assert manifest.flat_auto_map == {"AutoModel": "x.A"}


def test_published_code_is_what_the_auto_map_names_and_all_that_it_imports_relatively(tmp_path: Path) -> None:
    code = {"x": "from .layers import A", "y": "", "layers": "from .norms import B", "norms": "from .layers import A"}
    for name, text in {**code, "unused": ""}.items():
        (tmp_path / f"{name}.py").write_text(text)
    manifest = Manifest(
        tmp_path.parent, {}, {"AutoModel": f"{tmp_path.name}/x.A", "AutoConfig": f"{tmp_path.name}/y.B"}
    )
    assert manifest.code_files == [tmp_path / f"{name}.py" for name in ("layers", "norms", "x", "y")]


@pytest.mark.parametrize("line", ["from .gone import A", "from ..x import A", "from .x.y import A"])
def test_an_import_that_the_loader_cannot_follow_is_a_problem_that_names_the_file(line: str, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(f"try:\n    {line}\nexcept ImportError:\n    A = None\n")
    with pytest.raises(Problem, match=r"x\.py imports .*, which is not beside it"):
        Manifest(tmp_path, {}, {"AutoModel": "x.A"}).code_files  # noqa: B018, it reads files


def test_a_class_that_is_not_there_is_a_problem_that_names_its_key() -> None:
    with pytest.raises(Problem, match=r"auto_map\['AutoModel'\]"):
        Manifest(Path(), {}, {"AutoModel": "scripts/hub_ready.Nothing"}).load_class("AutoModel")


def test_every_class_says_itself_which_auto_class_loads_it(interpreter: FreshInterpreter, tmp_path: Path) -> None:
    # From 4.45 to 4.52 a load does not tell its class, and a save of what was loaded would lose the code.
    (tmp_path / "job.py").write_text(
        "def main(root):\n"
        "    import sys\n"
        "    sys.path.insert(0, root)\n"
        "    from scripts.hub_ready.manifest import read_manifest\n"
        "    manifest = read_manifest()\n"
        "    return {key: manifest.load_class(key)._auto_class for key in manifest.auto_map}\n"
    )
    found = interpreter.run(tmp_path / "job.py", {"root": str(ROOT)})
    assert found == {key: key for key in read_manifest().auto_map}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"auto_map": 1}', "{"])
def test_a_broken_manifest_is_a_problem(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(Problem, match=r"config\.json must be"):
        read_manifest(tmp_path)


def test_the_clone_itself_loads(interpreter, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(
        "def main(root, key):\n"
        "    import transformers\n"
        "    config = transformers.AutoConfig.from_pretrained(root, trust_remote_code=True)\n"
        "    load = getattr(transformers, key).from_config\n"
        "    model = load(config, trust_remote_code=True)\n"
        "    return [type(config).__name__, type(model).__name__, model.num_parameters()]\n"
    )
    manifest = read_manifest()
    main = main_auto_class(manifest)
    found = interpreter.run(tmp_path / "job.py", {"root": str(manifest.root), "key": main})
    names = [manifest.load_class(key).__name__ for key in ("AutoConfig", main)]
    assert found[:2] == names and found[2] > 0
    assert json.loads((manifest.root / "config.json").read_text()) == manifest.config
