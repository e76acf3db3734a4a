"""What a stranger finds when it loads an exported folder; each function is one case.

Runs in a fresh interpreter; imports nothing of this project.
"""

import json
import logging
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForImageClassification

WEIGHTS = "model.safetensors"


class Recorder(logging.Handler):
    """Keeps what transformers says at warning level or above."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def recorded() -> Recorder:
    recorder = Recorder()
    logging.getLogger("transformers").addHandler(recorder)
    transformers.logging.set_verbosity_warning()
    return recorder


def load(auto: Any, folder: Path, **options: Any) -> tuple[nn.Module, dict[str, list[str]]]:
    """A model, and its report without empty entries."""
    model, report = auto.from_pretrained(folder, trust_remote_code=True, output_loading_info=True, **options)
    return model.eval(), {kind: sorted(map(str, names)) for kind, names in report.items() if names}


def reference(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder.with_name("reference.safetensors"))


def changed(model: nn.Module, file: Path) -> list[str]:
    """Names of the tensors that are in the file and differ from it in any bit."""
    state = model.state_dict()
    return [name for name, tensor in load_file(file).items() if name in state and not torch.equal(state[name], tensor)]


def blurs_right(model: nn.Module) -> bool:
    """Whether each BlurPool holds the binomial filter that its name promises."""
    row = torch.tensor([0.25, 0.5, 0.25])
    filters = [buffer for name, buffer in model.named_buffers() if name.endswith("filt")]
    expected = (row[:, None] * row).to(filters[0].dtype)
    return len(filters) == 4 and all(torch.equal(f, expected.expand_as(f)) for f in filters)


def is_sane(head: nn.Linear) -> bool:
    """Whether a head looks drawn from torch's own uniform distribution for its size."""
    bound = head.in_features**-0.5
    spread = head.weight.std().item() / (bound / 3**0.5)
    return bool((head.weight.abs() <= bound).all() and (head.bias.abs() <= bound).all() and 0.8 < spread < 1.2)


def with_weights(folder: Path, scratch: Path, keep: Any) -> Path:
    """A copy of the folder whose checkpoint holds only the tensors whose names `keep` accepts."""
    copy = scratch / "copy"
    shutil.copytree(folder, copy)
    tensors = {name: tensor for name, tensor in load_file(folder / WEIGHTS).items() if keep(name)}
    save_file(tensors, copy / WEIGHTS, metadata={"format": "pt"})
    return copy


def classifier(folder: Path, scratch: Path) -> dict[str, Any]:
    recorder, expected = recorded(), reference(folder)
    model, report = load(AutoModelForImageClassification, folder)
    found = model(pixel_values=expected["pixel_values"])
    return {
        "report": report,
        "messages": recorder.messages,
        "changed": changed(model, folder / WEIGHTS),
        "blurs": blurs_right(model),
        "equal": torch.equal(found.logits, expected["logits"]),
        "labels": model.config.id2label,
    }


def body(folder: Path, scratch: Path) -> dict[str, Any]:
    recorder, expected = recorded(), reference(folder)
    model, report = load(AutoModel, folder)
    found = model(pixel_values=expected["pixel_values"])
    return {
        "report": report,
        "messages": recorder.messages,
        "changed": changed(model, folder / WEIGHTS),
        "head": [name for name in model.state_dict() if name.startswith("model.fc")],
        "blurs": blurs_right(model),
        "equal": torch.equal(found.pooler_output, expected["pooled"]),
    }


def head_on_body(folder: Path, scratch: Path) -> dict[str, Any]:
    load(AutoModel, folder)[0].save_pretrained(scratch / "body")
    recorder = recorded()
    model, report = load(AutoModelForImageClassification, scratch / "body")
    return {
        "report": report,
        "messages": recorder.messages,
        "changed": changed(model, folder / WEIGHTS),
        "sane": is_sane(model.model.fc),
        "blurs": blurs_right(model),
    }


def other_labels(folder: Path, scratch: Path) -> dict[str, Any]:
    model, report = load(AutoModelForImageClassification, folder, num_labels=50, ignore_mismatched_sizes=True)
    return {
        "report": sorted(report),
        "changed": changed(model, folder / WEIGHTS),
        "sane": is_sane(model.model.fc),
        "blurs": blurs_right(model),
        "count": [model.config.num_labels, len(model.config.id2label), model.model.fc.out_features],
        "finite": bool(model(reference(folder)["pixel_values"]).logits.isfinite().all()),
    }


def half_a_norm(folder: Path, scratch: Path) -> dict[str, Any]:
    gaps = ("layer2.0.bn1.weight", "layer3.0.bn2.weight", "layer4.0.bn1.running_mean", "layer1.0.se.fc1.bias")
    copy = with_weights(folder, scratch, lambda name: not name.endswith((*gaps, "model.fc.bias")))
    model, report = load(AutoModelForImageClassification, copy)
    net = model.model
    return {
        "missing": report["missing_keys"],
        "changed": changed(model, copy / WEIGHTS),
        "ones": bool((net.layer2[0].bn1.weight == 1).all()),
        "zeros": bool((net.layer3[0].bn2.weight == 0).all() and (net.layer4[0].bn1.running_mean == 0).all()),
        "small": bool(0 < net.layer1[0].se.fc1.bias.abs().max() < 0.2 and 0 < net.fc.bias.abs().max() <= 0.125),
        "blurs": blurs_right(model),
    }


def nearly_empty(folder: Path, scratch: Path) -> dict[str, Any]:
    copy = with_weights(folder, scratch, lambda name: name == "model.conv1.weight")
    model = load(AutoModelForImageClassification, copy)[0]
    fresh = type(model)(model.config)
    ratios, constants = {}, []
    for name, expected in fresh.state_dict().items():
        found = model.state_dict()[name].float()
        if name == "model.conv1.weight":
            continue
        if expected.numel() == 1 or expected.float().std() == 0:
            constants += [] if torch.equal(found, expected.float()) else [name]
        elif expected.numel() > 500:
            ratios[name] = (found.std() / expected.float().std()).item()
    strange = {name: ratio for name, ratio in ratios.items() if not 0.75 < ratio < 1.33}
    return {"constants": constants, "strange": strange, "compared": len(ratios), "blurs": blurs_right(model)}


def precisions(folder: Path, scratch: Path) -> dict[str, Any]:
    answers, expected = {}, reference(folder)
    name = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        model = load(AutoModelForImageClassification, folder, **{name: dtype})[0]
        logits = model(expected["pixel_values"].to(dtype)).logits
        file = {key: tensor.to(dtype) for key, tensor in load_file(folder / WEIGHTS).items()}
        wrong = [k for k, v in model.state_dict().items() if v.is_floating_point() and not torch.equal(v, file[k])]
        close = torch.allclose(logits.float(), expected["logits"], atol=0.1)
        answers[str(dtype)] = [str(logits.dtype), wrong, blurs_right(model), close]
    return answers


def devices(folder: Path, scratch: Path) -> dict[str, Any]:
    answers, expected = {}, reference(folder)
    placed = load(AutoModelForImageClassification, folder, device_map="auto")[0]
    names = ("conv1", "bn1", "act1", "maxpool", "layer1", "layer2", "global_pool", "fc")
    split = {**{f"model.{name}": "cpu" for name in names}, "model.layer3": "disk", "model.layer4": "disk"}
    parts = load(AutoModelForImageClassification, folder, device_map=split, offload_folder=str(scratch / "offload"))[0]
    for name, model in {"auto": placed, "split": parts}.items():
        answers[name] = torch.equal(model(expected["pixel_values"]).logits.cpu(), expected["logits"])
    return {**answers, "offloaded": parts.model.layer4[0].conv1.weight.device.type}


def meta(folder: Path, scratch: Path) -> dict[str, Any]:
    config = AutoConfig.from_pretrained(folder, trust_remote_code=True)
    with torch.device("meta"):
        model = AutoModelForImageClassification.from_config(config, trust_remote_code=True)
    devices_before = {tensor.device.type for tensor in [*model.parameters(), *model.buffers()]}
    model.to_empty(device="cpu")
    for module in model.modules():
        model._init_weights(module)
    model.load_state_dict(load_file(folder / WEIGHTS))
    expected = reference(folder)
    equal = torch.equal(model.eval()(expected["pixel_values"]).logits, expected["logits"])
    return {"devices": sorted(devices_before), "equal": equal, "blurs": blurs_right(model)}


def tutorial(folder: Path, scratch: Path) -> dict[str, Any]:
    """The flat folder of the older layout: another model_type, no labels, the same keys."""
    shutil.copytree(folder, scratch / "copy")
    path = scratch / "copy" / "config.json"
    config = json.loads(path.read_text())
    kept = ("auto_map", "architectures", "block_type", "layers", "channels", "attn_layer", "aa_layer", "num_classes")
    path.write_text(json.dumps({**{name: config[name] for name in kept}, "model_type": "resnet"}))
    shutil.copy(folder.with_name("reference.safetensors"), scratch)
    return classifier(scratch / "copy", scratch)


def pickled(folder: Path, scratch: Path) -> dict[str, Any]:
    """A pickle made here, opened in a process that has never seen this repository's code."""
    path, ready, answer = scratch / "model.pickle", os.pipe(), os.pipe()
    if os.fork() == 0:
        os.read(ready[0], 1)
        transformers.dynamic_module_utils.init_hf_modules()
        with path.open("rb") as file:
            model, processor, config = pickle.load(file)
        expected = reference(folder)
        equal = torch.equal(model(expected["pixel_values"]).logits, expected["logits"])
        os.write(answer[1], json.dumps([equal, config == model.config, processor.crop_pct]).encode())
        os._exit(0)
    os.close(answer[1])
    model = load(AutoModelForImageClassification, folder)[0]
    processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
    with path.open("wb") as file:
        pickle.dump((model, processor, model.config), file)
    os.write(ready[1], b"1")
    return {"answer": json.loads(os.read(answer[0], 1000) or "null")}


def main(case: str, folder: str, scratch: str) -> dict[str, Any]:
    """Run one case; `scratch` is a folder to write in."""
    with torch.no_grad():
        return globals()[case](Path(folder), Path(scratch))
