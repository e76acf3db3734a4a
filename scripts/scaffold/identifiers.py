"""The identifiers of a starter, read from its manifest, and their renaming wherever they stand as whole words."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.hub_ready.manifest import Manifest

from .names import Names

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Identifiers:
    """What a starter is called.

    Attributes:
        package: folder of its code.
        snake: what its module names end in.
        prefix: what its class names begin with.
        model_type: in config.json.
        modules: of the package.
        classes: those of the manifest, and those that the modules define beside them under the same prefix.
    """

    package: str
    snake: str
    prefix: str
    model_type: str
    modules: tuple[str, ...]
    classes: tuple[str, ...]

    def renamed(self, names: Names) -> dict[str, str]:
        """Every identifier to what it is called under another name."""
        modules = {module: module.removesuffix(self.snake) + names.snake for module in self.modules}
        classes = {found: names.prefix + found.removeprefix(self.prefix) for found in self.classes}
        return {self.package: names.package, self.model_type: names.model_type, **modules, **classes}


def identifiers_of(manifest: Manifest) -> Identifiers:
    """Read the identifiers of a source tree off its manifest and the modules that it names."""
    places = [value.rpartition(".") for value in manifest.auto_map.values()]
    package = places[0][0].split("/")[0]
    modules = sorted({place.split("/")[-1] for place, _, _ in places})
    prefix = manifest.auto_map["AutoConfig"].rpartition(".")[2].removesuffix("Config")
    snake = manifest.auto_map["AutoConfig"].rpartition(".")[0].rpartition("configuration_")[2]
    classes = {name for _, _, name in places}
    for module in modules:
        tree = ast.parse((manifest.root / package / f"{module}.py").read_text(encoding="utf-8"))
        classes |= {node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith(prefix)}
    return Identifiers(package, snake, prefix, manifest.config["model_type"], tuple(modules), tuple(sorted(classes)))


def rename(text: str, renamed: Mapping[str, str]) -> str:
    """The text with whole identifiers replaced, all at once.

    Parts of words stay: with `resnet_model` and `Resnet...` classes renamed, `timm.models.resnet`, `resnet50d` and the
    word ResNet in prose are what they were.
    """
    return _WORD.sub(lambda word: renamed.get(word[0], word[0]), text)


def words(text: str) -> set[str]:
    """Every identifier in a text."""
    return set(_WORD.findall(text))
