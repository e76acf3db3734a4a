"""Logits of a folder or of a revision on the Hub, on any version. Runs in a fresh interpreter."""

import huggingface_hub
import torch
import transformers


def main(name: str, revision: str | None) -> dict:
    options = {"trust_remote_code": True, **({"revision": revision} if revision else {})}
    processor = transformers.AutoImageProcessor.from_pretrained(name, **options)
    model = transformers.AutoModelForImageClassification.from_pretrained(name, **options).eval()
    image = torch.arange(3 * 200 * 220, dtype=torch.uint8).reshape(200, 220, 3).numpy()
    with torch.no_grad():
        logits = model(**processor(image, return_tensors="pt")).logits
    versions = [transformers.__version__, huggingface_hub.__version__]
    return {"logits": logits[0].tolist(), "label": model.config.id2label[int(logits.argmax())], "versions": versions}
