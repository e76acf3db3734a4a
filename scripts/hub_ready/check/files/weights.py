"""Weights: safetensors, whole, and in agreement with their index."""

import re
from collections.abc import Iterator

from ..model import Finding
from ..registry import rule
from ..repository import Entry, Repository
from ..weights import INDEX, SINGLE

_PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill"}
_POINTER = b"version https://git-lfs.github.com/spec/"


@rule(
    summary="There are no weights in safetensors form at the root.",
    why="""from_pretrained finds model.safetensors, or model.safetensors.index.json with its shards, and nothing else
        that is safe to read.""",
    repair="Save the model with save_pretrained; on transformers 4.x leave safe_serialization at its default.",
    bad="config.json, modeling_x.py, weights.safetensors",
    good="config.json, modeling_x.py, model.safetensors",
)
def weights_present(repository: Repository) -> Iterator[Finding]:
    if not repository.has(SINGLE) and not repository.has(INDEX):
        yield Finding(f"expected {SINGLE} or {INDEX}, found neither")


@rule(
    summary="A file is a pickle.",
    why="""Unpickling runs whatever the file says: the Hub marks such a repository as unsafe, and safetensors is what
        every supported version reads first.""",
    repair="Save weights as safetensors and settings as JSON, then remove the pickle.",
    bad="pytorch_model.bin",
    good="model.safetensors",
)
def no_pickle(repository: Repository) -> Iterator[Finding]:
    for entry in repository.files:
        if entry.suffix in _PICKLES or (entry.suffix == ".bin" and _is_pickle(repository, entry)):
            yield Finding(f"{entry.path} is a pickle", entry.path)


def _is_pickle(repository: Repository, entry: Entry) -> bool:
    """torch writes a zip archive or, of old, a bare pickle; OpenVINO's .bin files are neither."""
    start = repository.head(entry.path, 2)
    named = re.match(r"(pytorch_model|adapter_model|training_args|optimizer|scheduler)\b", entry.name)
    return (
        start == b"PK" or (start[:1] == b"\x80" and start[1:] in (b"\x02", b"\x03", b"\x04", b"\x05")) or bool(named)
    )


@rule(
    summary="A weight file is damaged.",
    why="Loading fails, or leaves tensors out, on every version.",
    repair="Save the weights again, and compare the size of the file with the original's.",
    bad="model.safetensors that was cut off by a full disk",
    good="model.safetensors whose tensors fill it to the last byte",
)
def weights_readable(repository: Repository) -> Iterator[Finding]:
    for path, problem in repository.weights.problems.items():
        if not repository.head(path, 64).startswith(_POINTER):
            yield Finding(f"{path} cannot be used: {problem}", path)
    for path, tensors in repository.weights.tensors.items():
        if not tensors:
            yield Finding(f"{path} holds no tensor", path)


@rule(
    summary="A large file is a Git LFS pointer, and its content is not here.",
    why="A push would replace the content by its pointer, and a load of the folder fails on every version.",
    repair="Fetch the content: git lfs pull.",
    bad="version https://git-lfs.github.com/spec/v1 ... as the text of model.safetensors",
    good="the tensors themselves",
)
def lfs_pointer(repository: Repository) -> Iterator[Finding]:
    for entry in repository.files:
        if entry.size < 1024 and repository.head(entry.path, 64).startswith(_POINTER):
            yield Finding(f"{entry.path} holds the pointer to its content", entry.path)


@rule(
    summary="The index of the shards and the shards do not agree.",
    why="A shard that is not listed is never read, and one that is missing fails the load, on every version.",
    repair="Save the weights again into an empty folder; keep either model.safetensors or the index with its shards.",
    bad='"weight_map": {"head.weight": "model-00002-of-00002.safetensors"}  # a file that is not there',
    good='"weight_map": {"head.weight": "model-00001-of-00001.safetensors"}',
)
def weights_index(repository: Repository) -> Iterator[Finding]:
    weights = repository.weights
    if not repository.has(INDEX):
        for path in weights.files:
            if path != SINGLE:
                yield Finding(f"{path} is a shard, and there is no {INDEX}", path)
        return
    if weights.index is None:
        yield Finding(f"{INDEX} has no readable weight_map", INDEX)
        return
    if repository.has(SINGLE):
        yield Finding(f"both {SINGLE} and {INDEX} are there, and only the first is read", INDEX)
    yield from _index_problems(repository, weights.index)


def _index_problems(repository: Repository, index: dict[str, str]) -> Iterator[Finding]:
    weights = repository.weights
    for path in sorted(set(index.values())):
        if not repository.has(path):
            yield Finding(f"the index names {path}, which is not there", INDEX)
    for path, tensors in weights.tensors.items():
        if path == SINGLE:
            continue
        listed = {name for name, file in index.items() if file == path}
        for name in sorted(tensors.keys() - listed)[:3]:
            yield Finding(f"{path} holds {name}, which the index does not list there", INDEX)
        for name in sorted(listed - tensors.keys())[:3]:
            yield Finding(f"the index lists {name} in {path}, which does not hold it", INDEX)


@rule(
    summary="A tensor's name is one that early 4.x versions rename while loading.",
    why="""transformers 4.44 to 4.47 replace every "gamma" by "weight" and every "beta" by "bias" in a checkpoint's
        names: the tensor is reported as unexpected and the model keeps fresh values in its place.""",
    repair="Name the parameter scale and shift, or require transformers>=4.48 in requirements.txt.",
    bad="block.gamma",
    good="block.scale",
)
def tensor_names(repository: Repository) -> Iterator[Finding]:
    if not repository.runs_on("4.44.2"):
        return
    for path, tensors in repository.weights.tensors.items():
        renamed = [name for name in tensors if "gamma" in name or "beta" in name]
        if renamed:
            more = f" and {len(renamed) - 1} more" if len(renamed) > 1 else ""
            yield Finding(f"{renamed[0]}{more} would be renamed by transformers 4.44", path)
