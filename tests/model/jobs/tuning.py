"""Fine-tuning by a stranger: Trainer and PEFT on an exported folder; each function is one case.

Runs in a fresh interpreter; imports nothing of this project.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor, AutoModel, AutoModelForImageClassification


def images(count: int = 8) -> torch.Tensor:
    return torch.randn(count, 3, 64, 64, generator=torch.Generator().manual_seed(5))


def examples(count: int = 8) -> list[dict[str, Any]]:
    return [{"pixel_values": image, "labels": i % 3} for i, image in enumerate(images(count))]


def load(folder: Path) -> torch.nn.Module:
    return AutoModelForImageClassification.from_pretrained(folder, trust_remote_code=True)


def trainer(folder: Path, scratch: Path) -> dict[str, Any]:
    """One step of transformers' Trainer, whose checkpoint another process must load."""
    from transformers import Trainer, TrainingArguments

    model, before = load(folder), load(folder).state_dict()
    processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
    options = {"max_steps": 1, "per_device_train_batch_size": 4, "use_cpu": True, "report_to": "none", "save_steps": 1}
    options |= {"gradient_checkpointing": True, "disable_tqdm": True, "eval_strategy": "steps", "eval_steps": 1}
    arguments = TrainingArguments(str(scratch / "run"), **options)
    run = Trainer(model, arguments, train_dataset=examples(), eval_dataset=examples(), processing_class=processor)
    loss = run.train().training_loss
    checkpoint = scratch / "run" / "checkpoint-1"
    with torch.no_grad():
        save_file({"logits": model.eval()(images()).logits}, scratch / "trained.safetensors")
    return {
        "loss": loss,
        "evaluated": run.state.log_history[-2].get("eval_loss") is not None,
        "moved": sum(not torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items()),
        "tensors": len(before),
        "files": sorted(path.name for path in checkpoint.iterdir()),
    }


def trained(folder: Path, scratch: Path) -> dict[str, Any]:
    """A fresh process loads the checkpoint that `trainer` left."""
    checkpoint = scratch / "run" / "checkpoint-1"
    model = load(checkpoint).eval()
    AutoModel.from_pretrained(checkpoint, trust_remote_code=True)
    processor = AutoImageProcessor.from_pretrained(checkpoint, trust_remote_code=True)
    with torch.no_grad():
        equal = torch.equal(model(images()).logits, load_file(scratch / "trained.safetensors")["logits"])
    labels = [model.config.id2label[i] for i in range(3)]
    return {"equal": equal, "labels": labels, "pixels": list(processor(images(1)[0].sigmoid()).pixel_values.shape)}


def adapter(folder: Path, scratch: Path, checkpointing: bool) -> dict[str, Any]:
    """A LoRA adapter on convolutions, with a new head, takes a step, is saved and loaded on a new base."""
    from peft import LoraConfig, PeftModel, get_peft_model

    base = load(folder)
    if checkpointing:
        base.gradient_checkpointing_enable()
    lora = LoraConfig(r=2, target_modules=r".*layer\d.*conv\d", modules_to_save=["fc"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = get_peft_model(base, lora).train()
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    frozen = {name: p.clone() for name, p in model.named_parameters() if not p.requires_grad}
    for _ in range(2):  # LoRA's second matrix starts at zero: only the second step reaches the first one
        optimiser.zero_grad()
        model(pixel_values=images(), labels=torch.arange(8) % 3).loss.backward()
        silent = [n for n, p in model.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
        optimiser.step()
    model.save_pretrained(scratch / "adapter")
    again = PeftModel.from_pretrained(load(folder), scratch / "adapter").eval()
    # Running statistics belong to the base, which an adapter does not carry.
    statistics = {n: b for n, b in model.named_buffers() if "running" in n}
    again.load_state_dict(statistics, strict=False)
    with torch.no_grad():
        equal = torch.equal(again(pixel_values=images()).logits, model.eval()(pixel_values=images()).logits)
        plain = torch.equal(model(pixel_values=images()).logits, load(folder).eval()(images()).logits)
    kept = all(torch.equal(p, dict(model.named_parameters())[name]) for name, p in frozen.items())
    return {"silent": silent, "equal": equal, "changed": not plain, "frozen": kept}


def main(case: str, folder: str, scratch: str, **arguments: Any) -> dict[str, Any]:
    """Run one case; `scratch` is a folder to write in."""
    torch.manual_seed(0)
    return globals()[case](Path(folder), Path(scratch), **arguments)
