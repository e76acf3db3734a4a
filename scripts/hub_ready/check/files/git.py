"""The rules of .gitattributes, by which large files become LFS objects."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from ..model import Finding
from ..registry import rule
from ..repository import Repository

# The Hub's own list for a new repository.
_HUB_LIST = """*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack *.npy
    *.npz *.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar
    *.tflite *.tgz *.wasm *.xz *.zip *.zst *tfevents*"""
HUB_PATTERNS = _HUB_LIST.split()
_RULE = "filter=lfs diff=lfs merge=lfs -text"
_LIMIT = 10 * 2**20  # above this the Hub takes no plain file


def _patterns(repository: Repository) -> list[str]:
    lines = (line.split() for line in (repository.text(".gitattributes") or "").splitlines())
    return [parts[0] for parts in lines if len(parts) > 1 and "filter=lfs" in parts and not parts[0].startswith("#")]


def _uncovered(repository: Repository) -> list[str]:
    patterns = _patterns(repository)
    large = [entry for entry in repository.files if entry.size > _LIMIT or entry.suffix == ".safetensors"]
    return [
        entry.path
        for entry in large
        if not any(fnmatchcase(entry.name, p) or fnmatchcase(entry.path, p.lstrip("/")) for p in patterns)
    ]


@rule(
    severity="warning",
    summary="No rule of .gitattributes makes a large file an LFS object.",
    why="git push refuses a plain file above 10 MiB, and a folder pushed as it is replaces the Hub's own rules.",
    repair="Keep the .gitattributes that the Hub gives a new repository, and add a line for other large files.",
    bad="model.safetensors, and a .gitattributes that does not mention it",
    good="*.safetensors filter=lfs diff=lfs merge=lfs -text",
)
def lfs_rules(repository: Repository) -> Iterator[Finding]:
    if not repository.has(".gitattributes"):
        yield Finding("there is no .gitattributes")
        return
    for path in _uncovered(repository):
        yield Finding(f".gitattributes has no LFS rule for {path}", ".gitattributes")


@lfs_rules.fixer
def _add_rules(repository: Repository, edits) -> None:
    text = edits.text(".gitattributes")
    new = [] if repository.has(".gitattributes") else HUB_PATTERNS
    missing = [path for path in _uncovered(repository) if not any(fnmatchcase(path, pattern) for pattern in new)]
    new = [*new, *dict.fromkeys("*.safetensors" if path.endswith(".safetensors") else path for path in missing)]
    text = f"{text}\n" if text and not text.endswith("\n") else text
    edits.write(".gitattributes", text + "".join(f"{pattern} {_RULE}\n" for pattern in new))
