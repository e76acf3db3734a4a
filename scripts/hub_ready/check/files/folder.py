"""What lies in the folder: nothing that is not meant to be published."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from ..model import Finding
from ..registry import rule
from ..repository import MAX_TEXT, Entry, Repository

_STRAY_FOLDERS = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".venv", "venv"}
_STRAY_FOLDERS |= {".idea", ".vscode", "node_modules", "wandb", "runs", ".hypothesis"}
_STRAY_FILES = (
    "*.py[co]",
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "*~",
    "*.swp",
    "*.orig",
    "*.rej",
    "*.tmp",
    "*.log",
)
_STRAY_FILES += ("events.out.tfevents*", ".coverage", "*.egg-info", "nohup.out")
# Left by a Trainer, and pickles: no_pickle names them, a machine must not remove them unasked.
_CODE = re.compile(r"(modeling|configuration|image_processing|processing|tokenization|feature_extraction)_?\w*\.py")
_SECRETS = {
    "a Hugging Face token": re.compile(r"\bhf_[A-Za-z]{34}\b"),
    "a GitHub token": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})\b"),
    "an AWS key": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "an OpenAI key": re.compile(r"\bsk-(proj-)?[A-Za-z0-9_]{32,}\b"),
    "a Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a Slack token": re.compile(r"\bxox[abpr]-[0-9A-Za-z-]{20,}\b"),
    "a W&B key": re.compile(r"WANDB_API_KEY\s*[=:]\s*[\"']?[0-9a-f]{40}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}
_SECRET_FILES = (".env", ".env.*", ".netrc", ".pypirc", "id_rsa", "id_ed25519", "*.pem", "credentials.json")
_NOT_TEXT = {".safetensors", ".bin", ".pt", ".pth", ".onnx", ".gguf", ".h5", ".msgpack", ".png", ".jpg", ".jpeg"}
_NOT_TEXT |= {".gif", ".webp", ".mp4", ".wav", ".mp3", ".flac", ".zip", ".gz", ".tar", ".parquet", ".model", ".pdf"}


def is_stray(entry: Entry) -> bool:
    """Whether a tool left it behind: caches, logs, editors' copies."""
    parts = PurePosixPath(entry.path).parts
    inside = any(part in _STRAY_FOLDERS for part in (parts[:-1] if entry.is_file else parts))
    return inside or any(fnmatchcase(entry.name, pattern) for pattern in _STRAY_FILES)


@rule(
    severity="warning",
    summary="A file is left over from a tool.",
    why="upload_folder pushes __pycache__, .DS_Store and logs like everything else.",
    repair="Remove it.",
    bad="__pycache__/modeling_x.cpython-312.pyc",
    good="modeling_x.py",
)
def stray_file(repository: Repository) -> Iterator[Finding]:
    for entry in repository.entries.values():
        if entry.is_unread or (entry.is_file and is_stray(entry) and not _may_hold_secret(entry)):
            yield Finding(f"{entry.path} is left over from a tool", entry.path)


@stray_file.fixer
def _remove_stray(repository: Repository, edits) -> None:
    for entry in repository.files:
        if is_stray(entry) and not _may_hold_secret(entry):
            edits.remove(entry.path)


@rule(
    summary="A link is in the folder.",
    why="The Hub stores no links: a push sends what it points at, which may be outside the folder, or fails.",
    repair="Replace the link by the file that it points at.",
    bad="model.safetensors -> /home/me/checkpoints/best.safetensors",
    good="model.safetensors, a plain file",
)
def no_symlink(repository: Repository) -> Iterator[Finding]:
    # The Hub's own download cache consists of links into its store of blobs.
    if repository.is_cache:
        return
    for entry in repository.entries.values():
        if entry.is_link:
            yield Finding(f"{entry.path} is no plain file", entry.path)


@rule(
    summary="Code lies in a subfolder.",
    why="""The loader takes code from the root, and a save writes code there: what lies in a subfolder is not found, or
        (slash form, >= 4.52.4) is lost when a consumer saves what they loaded.""",
    repair="Move the code files to the root, beside config.json.",
    bad="x_model/modeling_x.py",
    good="modeling_x.py",
)
def code_flat(repository: Repository) -> Iterator[Finding]:
    packages = {entry.path.rpartition("/")[0] for entry in repository.files if entry.name == "__init__.py"}
    for entry in repository.files:
        parent = entry.path.rpartition("/")[0]
        if (
            parent
            and not is_stray(entry)
            and entry.suffix == ".py"
            and (_CODE.fullmatch(entry.name) or parent in packages)
        ):
            yield Finding(f"{entry.path} is not at the root, where the loader looks for code", entry.path)


def _may_hold_secret(entry: Entry) -> bool:
    example = entry.name.endswith((".example", ".sample", ".template"))
    return not example and any(fnmatchcase(entry.name, pattern) for pattern in _SECRET_FILES)


@rule(
    summary="A file holds a secret, or is of a kind that holds secrets.",
    why="A push sends it as it is, and every version of it stays in the repository's history.",
    repair="Remove it, and revoke the token: consider it known from the moment it was pushed.",
    bad="TOKEN = 'hf_...'",
    good="the token that `hf auth login` stores outside the repository",
)
def no_secret(repository: Repository) -> Iterator[Finding]:
    for entry in repository.files:
        if _may_hold_secret(entry):
            yield Finding(f"{entry.path} is of a kind that holds secrets", entry.path)
        elif entry.suffix not in _NOT_TEXT and 0 < entry.size <= MAX_TEXT and entry.name != "tokenizer.json":
            yield from _secrets(repository, entry.path)


def _secrets(repository: Repository, path: str) -> Iterator[Finding]:
    text = repository.text(path) or ""
    for name, pattern in _SECRETS.items():
        match = pattern.search(text)
        # Documentation writes hf_xxxx: a real token has more than a handful of different characters.
        if match and (name == "a private key" or len(set(match[0])) > 12):
            yield Finding(f"{path} holds what looks like {name}", path, text.count("\n", 0, match.start()) + 1)


@rule(
    severity="warning",
    summary="The repository's name is one that some versions cannot load.",
    why="""The loader makes a Python module's name of it: a dot or two hyphens break some versions, and a name without
        a namespace fails on 4.x.""",
    repair="Rename the repository: namespace/name of letters, digits, single hyphens and underscores.",
    bad="someone/my-model-v1.5",
    good="someone/my-model-v1_5",
)
def repository_name(repository: Repository) -> Iterator[Finding]:
    repo_id = repository.repo_id
    if repo_id is None:
        return
    namespace, _, name = repo_id.rpartition("/")
    if not namespace:
        yield Finding(f"{repo_id} has no namespace")
    if "." in name or "--" in name:
        yield Finding(f"{repo_id} has a dot or two hyphens in its name")
