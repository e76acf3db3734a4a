"""A stranger's load: every Auto class of a folder, compared with numbers that were computed elsewhere.

Runs in a fresh interpreter; imports nothing of this project.
"""

import inspect
from pathlib import Path
from typing import Any

import torch
import transformers
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

_HINTS = {"unexpected_keys": "; name those that this class has no use for in its `_keys_to_ignore_on_load_unexpected`"}
_ALIGNMENT = 64  # bytes, of torch's allocator on CPUs


def weights_of(folder: Path) -> dict[str, Path]:
    """Tensor name to the safetensors file that holds it."""
    names = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            names.update(dict.fromkeys(file.keys(), path))
    return names


def aligned(model: torch.nn.Module) -> torch.nn.Module:
    """The model with every tensor where torch's own allocator would put it.

    Tensors of a mapped file begin anywhere, and MKL adds in another order there on some processors (AMD with AVX-512):
    the same numbers, and logits that differ in the last bit.
    """
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.data_ptr() % _ALIGNMENT:
            tensor.data = tensor.data.clone()
    return model


def difference(name: str, found: torch.Tensor, expected: torch.Tensor) -> str | None:
    """How two tensors differ, in words; None when they are equal in shape, dtype and every bit."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return f"{name}: expected {expected.dtype} {tuple(expected.shape)}, found {found.dtype} {tuple(found.shape)}"
    if torch.equal(found, expected):
        return None
    if not found.isfinite().all() and expected.isfinite().all():
        return f"{name}: holds NaN or infinity, where the original is finite"
    distance = (found.double() - expected.double()).abs().max().item()
    return f"{name}: differs by up to {distance:.3g}, where equality is demanded"


def weight_differences(model: torch.nn.Module, files: dict[str, Path]) -> list[str]:
    """Compare each loaded tensor with the file it came from, one tensor at a time."""
    state, found = model.state_dict(), []
    for path in set(files.values()):
        with safe_open(path, "pt") as file:
            shared = (name for name in file.keys() if name in state)  # noqa: SIM118, it is no dict
            found += [difference(f"weight {name}", state[name], file.get_tensor(name)) for name in shared]
    found += [f"weight {name}: in the model, but in no file" for name in state if name not in files]
    return [text for text in found if text]


def load_model(auto: str, folder: Path, files: dict[str, Path]) -> tuple[torch.nn.Module, list[str]]:
    """Load through one Auto class; also what its report and its weights say against it."""
    load = getattr(transformers, auto).from_pretrained
    model, report = load(folder, trust_remote_code=True, use_safetensors=True, output_loading_info=True)
    wanting = {kind: sorted(map(str, names)) for kind, names in report.items() if names}
    reported = [
        f"loading report: {kind}: {', '.join(names[:5])}{_HINTS.get(kind, '')}" for kind, names in wanting.items()
    ]
    return aligned(model.eval()), reported + weight_differences(model, files)


def buffer_differences(model: torch.nn.Module, expected: dict[str, torch.Tensor]) -> list[str]:
    """What is wrong with the buffers that no file holds."""
    found, wrong = dict(model.named_buffers(remove_duplicate=False)), []
    for name, tensor in expected.items():
        said = difference(name, found[name], tensor) if name in found else f"{name}: is missing"
        wrong += [f"buffer {said}; no file holds it, so `_init_weights` must fill it"] if said else []
    return wrong


def run(model: torch.nn.Module, given: dict[str, torch.Tensor]) -> Any:
    """What a model gives for as much of an input as it takes."""
    known = inspect.signature(model.forward).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    with torch.no_grad():
        return model(**{name: tensor for name, tensor in given.items() if takes_all or name in known})


def check_processor(folder: Path, reference: dict[str, torch.Tensor]) -> list[str]:
    """Differences of the image processor's pixels, for one image and for a batch."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
    image, expected = Image.fromarray(reference["image"].numpy()), reference["pixel_values"]
    one = processor(image, return_tensors="pt").pixel_values
    two = processor([image, image], return_tensors="pt").pixel_values
    found = [difference("one image", one, expected), difference("batch", two, torch.cat([expected, expected]))]
    return [f"AutoImageProcessor: {text}" for text in found if text]


def check_pipeline(folder: Path, task: str, reference: dict[str, torch.Tensor]) -> list[str]:
    """Differences of the pipeline's scores, taken as bare logits, and of its labels."""
    pipe = transformers.pipeline(task, model=str(folder), trust_remote_code=True, device="cpu")
    aligned(pipe.model)
    image = Image.fromarray(reference["image"].numpy())
    answers = pipe(image, top_k=5, function_to_apply="none")
    scores, indices = reference["logits"][0].topk(len(answers))
    labels = pipe.model.config.id2label
    # Equal scores may come in any order, so labels are compared where the score is alone.
    wanted = [(labels[int(i)], score.item()) for i, score in zip(indices, scores)]
    found = [(answer["label"], answer["score"]) for answer in answers]
    if [score for _, score in wanted] != [score for _, score in found]:
        return [f"pipeline: expected scores {wanted}, found {found}"]
    alone = [score for _, score in wanted if [other for _, other in wanted].count(score) == 1]
    wrong = [pair for pair in found if pair[1] in alone and pair not in wanted]
    return [f"pipeline: expected labels {wanted}, found {found}"] if wrong else []


def main(
    folder: str,
    reference: str,
    inputs: dict[str, str],
    outputs: dict[str, dict[str, str]],
    buffers: dict[str, dict[str, str]],
    task: str | None,
) -> dict[str, Any]:
    """Load `folder` through every Auto class and compare.

    Args:
        folder: an exported folder.
        reference: a safetensors file with the tensors that the following name, and, for an image processor, `image`
            (uint8, height x width [x channels]) and the `pixel_values` that it makes of it.
        inputs: argument of forward to the name of its tensor; a model gets those that it takes.
        outputs: Auto class to {field of its output: name of the tensor that it must equal}.
        buffers: Auto class to {buffer that no file holds: name of the tensor that it must equal}.
        task: of the pipeline that takes the image; None where there is none.

    Returns:
        `differences` in words, empty when all is equal, and the `versions` that ran.
    """
    place, tensors = Path(folder), {name: tensor.clone() for name, tensor in load_file(reference).items()}
    files = weights_of(place)
    transformers.AutoConfig.from_pretrained(place, trust_remote_code=True)
    found = check_processor(place, tensors) if "image" in tensors else []
    given = {name: tensors[key] for name, key in inputs.items()}
    for auto, fields in outputs.items():
        model, wrong = load_model(auto, place, files)
        wrong += buffer_differences(model, {name: tensors[key] for name, key in buffers.get(auto, {}).items()})
        output = run(model, given)
        wrong += filter(None, (difference(field, output[field], tensors[name]) for field, name in fields.items()))
        found += [f"{auto}: {text}" for text in wrong]
    found += check_pipeline(place, task, tensors) if task else []
    return {"differences": found, "versions": {"transformers": transformers.__version__, "torch": torch.__version__}}
