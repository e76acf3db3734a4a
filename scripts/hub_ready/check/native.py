"""What transformers itself calls its models, read from the installed package's files; importing it takes seconds."""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

# Names that earlier or later supported versions have and the installed one may lack.
_PAST_TYPES = frozenset({"nezha", "open-llama", "retribert", "trajectory_transformer", "transfo-xl", "van", "jukebox"})


@cache
def package() -> Path | None:
    """Where transformers is installed, None when it is not."""
    try:
        spec = importlib.util.find_spec("transformers")
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec and spec.origin else None


@cache
def text(module: str) -> str | None:
    """Source of a module of transformers such as `modeling_utils` or `models.bert`, None when there is none."""
    root = package()
    if root is None:
        return None
    path = root.joinpath(*module.split(".")) if module else root
    for candidate in (path / "__init__.py", path.with_suffix(".py")) if module else (path / "__init__.py",):
        try:
            return candidate.read_text(encoding="utf-8")
        except OSError:
            continue
    return None


@cache
def _auto_files() -> dict[str, str]:
    root = package()
    found = sorted((root / "models" / "auto").glob("*.py")) if root else []
    return {path.stem: path.read_text(encoding="utf-8", errors="replace") for path in found}


@cache
def model_types() -> frozenset[str]:
    """Every model type that transformers builds without remote code."""
    found = set(_PAST_TYPES)
    for stem in ("configuration_auto", "auto_mappings"):
        for node in ast.walk(ast.parse(_auto_files().get(stem, ""))):
            if _names_config_mapping(node):
                found |= _keys(node)
    return frozenset(found)


def _names_config_mapping(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == "CONFIG_MAPPING_NAMES" for target in node.targets)
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "CONFIG_MAPPING_NAMES.update"


def _keys(node: ast.AST) -> set[str]:
    """First members of the pairs in a mapping literal, whichever way it is written."""
    keys: list[ast.expr | None] = []
    for item in ast.walk(node):
        if isinstance(item, ast.Tuple) and len(item.elts) == 2:
            keys.append(item.elts[0])
        elif isinstance(item, ast.Dict):
            keys += item.keys
    return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


@cache
def class_names() -> frozenset[str]:
    """Configurations, models and processors that the Auto classes know by name."""
    return frozenset(name for text in _auto_files().values() for name in re.findall(r'"([A-Z]\w+)"', text))


@cache
def auto_classes() -> frozenset[str]:
    """Names of the Auto classes themselves."""
    return frozenset(name for text in _auto_files().values() for name in re.findall(r"^class (Auto\w+)", text, re.M))
