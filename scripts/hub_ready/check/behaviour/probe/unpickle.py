"""The other process of the pickle phase: reads a model that was pickled elsewhere."""

import pickle
from pathlib import Path

import transformers.dynamic_module_utils as dynamic

from .compare import digest
from .worker import guard


def unpickle(folder: str, workspace: str, pickled: str, modules: str, memory: int) -> str:
    """Unpickle a model and return the sha256 over its state dict.

    Args:
        folder, workspace, memory: as in `worker.work`.
        pickled: a file that holds the model.
        modules: transformers' cache of the code, which a consumer's processes share.
    """
    dynamic.HF_MODULES_CACHE = modules
    dynamic.init_hf_modules()
    # The code is imported once more here, and is trusted no more than before; the first process told what it tries.
    guard(folder, workspace, memory, lambda seen: None)
    return digest(pickle.loads(Path(pickled).read_bytes()).state_dict())
