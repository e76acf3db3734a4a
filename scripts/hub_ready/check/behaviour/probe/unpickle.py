"""The other process of the pickle phase: reads a model that was pickled elsewhere."""

import hashlib
import pickle
from pathlib import Path

import torch
import transformers.dynamic_module_utils as dynamic


def main(pickled: str, modules: str) -> str:
    """Unpickle a model and return the sha256 over its state dict.

    Args:
        pickled: a file that holds the model.
        modules: transformers' cache of the code, which a consumer's processes share.
    """
    dynamic.HF_MODULES_CACHE = modules
    dynamic.init_hf_modules()
    model = pickle.loads(Path(pickled).read_bytes())
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
