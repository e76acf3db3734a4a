"""One Python file, parsed and never run: its imports, its classes, and what a name in it stands for."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

# What transformers' loader looks for, docstrings and all.
_LOADER_PATTERNS = (
    re.compile(r"^[ \t]*from[ \t]+\.(\S+)\s+import", re.MULTILINE),
    re.compile(r"^[ \t]*import[ \t]+\.(\S+)[ \t]*$", re.MULTILINE),
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported module.

    Args:
        module: dotted name without leading dots.
        name: what is taken from it, None for `import module`.
        level: number of leading dots.
        line: 1-based.
        optional: the loader does not ask for it: inside `try`, or behind one of transformers' `is_..._available()`.
        nested: in a function, or under a condition such as `if TYPE_CHECKING`.
    """

    module: str
    name: str | None
    level: int
    line: int
    optional: bool
    nested: bool


@dataclass(frozen=True)
class ClassInfo:
    """A class at the top level of a file; `bases` are dotted names, as far as imports tell."""

    name: str
    node: ast.ClassDef
    source: "Source"
    bases: tuple[str, ...]

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def line(self) -> int:
        return self.node.lineno

    def method(self, name: str) -> Function | None:
        """The method of that name that the class itself defines."""
        for item in self.node.body:
            if isinstance(item, Function) and item.name == name:
                return item
        return None

    def attribute(self, name: str) -> ast.expr | None:
        """The value of a class attribute that the class itself assigns."""
        for item in self.node.body:
            if isinstance(item, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in item.targets):
                return item.value
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id == name:
                return item.value
        return None

    def has(self, name: str) -> bool:
        """Whether the class itself defines the attribute, the method or the property."""
        return self.method(name) is not None or self.attribute(name) is not None


class Source:
    """A Python file.

    Args:
        path: its name, relative to the repository.
        content: its bytes, of which not more than `limit` count.
    """

    def __init__(self, path: str, content: bytes, limit: int):
        self.path, self.stem = path, path.rsplit("/", 1)[-1].removesuffix(".py")
        self.error: str | None = None
        self.error_line: int | None = None
        self.text = ""
        self.tree = ast.Module(body=[], type_ignores=[])
        if len(content) > limit:
            self.error = f"it is larger than {limit // 2**20} MiB, which no code is"
        else:
            self._parse(content)

    def _parse(self, content: bytes) -> None:
        try:
            self.text = content.decode("utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes in the file are none of ours
                tree = ast.parse(content)
            # Rules walk trees recursively where they must; a tree that cannot be walked is no code.
            ast.unparse(tree) if len(content) > 200_000 else None
            self.tree = tree
        except UnicodeDecodeError:
            self.error = "it is not UTF-8 text, which is all that the loader reads"
        except SyntaxError as error:
            self.error, self.error_line = f"it is not Python: {error.msg}", error.lineno
        except (ValueError, RecursionError, MemoryError) as error:
            self.error = f"it is not Python: {str(error)[:100] or 'nested too deeply'}"

    @cached_property
    def imports(self) -> list[Import]:
        found: list[Import] = []
        _collect_imports(self.tree.body, found, optional=False, nested=False)
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for: `nn` is `torch.nn`, a sibling's class is `.module.Class`."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    local = alias.asname or alias.name.split(".")[0]
                    found[local] = alias.name if alias.asname else local
            elif isinstance(node, ast.ImportFrom):
                prefix = "." * node.level + (node.module or "")
                for alias in node.names:
                    separator = "" if prefix.endswith(".") or not prefix else "."
                    found[alias.asname or alias.name] = f"{prefix}{separator}{alias.name}"
        return found

    def dotted(self, node: ast.AST | None) -> str | None:
        """`nn.init.normal_` as `torch.nn.init.normal_`; None for what is not a chain of names."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        return ".".join([self.names.get(node.id, node.id), *reversed(parts)])

    @cached_property
    def classes(self) -> dict[str, ClassInfo]:
        return {
            node.name: ClassInfo(node.name, node, self, tuple(filter(None, map(self.dotted, map(_bare, node.bases)))))
            for node in self.tree.body
            if isinstance(node, ast.ClassDef)
        }

    @cached_property
    def functions(self) -> dict[str, Function]:
        return {node.name: node for node in self.tree.body if isinstance(node, Function)}

    @cached_property
    def loader_imports(self) -> list[tuple[str, int]]:
        """What transformers takes for a relative import, docstrings included: name after the dot, and line."""
        matches = [match for pattern in _LOADER_PATTERNS for match in pattern.finditer(self.text)]
        found, line, position = [], 1, 0
        for match in sorted(matches, key=lambda match: match.start(1)):
            line += self.text.count("\n", position, match.start(1))
            position = match.start(1)
            found.append((match[1], line))
        return found


def _bare(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def _collect_imports(body: list[ast.stmt], found: list[Import], *, optional: bool, nested: bool) -> None:
    pending: list[tuple[ast.AST, bool, bool]] = [(node, optional, nested) for node in body]
    while pending:
        node, optional, nested = pending.pop()
        if isinstance(node, ast.Import):
            found += [Import(alias.name, None, 0, node.lineno, optional, nested) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found.append(Import(node.module or "", alias.name, node.level, node.lineno, optional, nested))
        elif isinstance(node, (ast.Try, getattr(ast, "TryStar", ast.Try))):
            pending += [(child, True, True) for child in ast.iter_child_nodes(node)]
        elif isinstance(node, ast.If):
            guarded = optional or _asks_for_library(node.test)
            pending += [(child, guarded, True) for child in node.body]
            pending += [(child, guarded, True) for child in node.orelse]
        else:
            inside = nested or isinstance(node, Function)
            pending += [
                (child, optional, inside)
                for child in ast.iter_child_nodes(node)
                if isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case))
            ]
    found.sort(key=lambda item: item.line)


def _asks_for_library(test: ast.expr) -> bool:
    """Whether a condition calls one of transformers' `is_..._available`."""
    calls = (node for node in ast.walk(test) if isinstance(node, ast.Call))
    names = (getattr(call.func, "id", getattr(call.func, "attr", "")) for call in calls)
    return any(name.startswith("is_") and "available" in name for name in names)


def calls(node: ast.AST) -> Iterator[ast.Call]:
    """Every call in a piece of code."""
    return (item for item in ast.walk(node) if isinstance(item, ast.Call))


def self_name(function: Function) -> str:
    """What a method calls its object."""
    positional = [*function.args.posonlyargs, *function.args.args]
    return positional[0].arg if positional else "self"


def constant(node: ast.expr | None) -> object:
    """The value of a literal; None for anything else."""
    return node.value if isinstance(node, ast.Constant) else None
