"""The pipeline of a folder or repository on some images, as a consumer runs it. Runs in a fresh interpreter."""

import transformers


def main(name: str, images: list[str], revision: str | None, top_k: int) -> list[list[dict]]:
    """For each image file the `top_k` labels with their scores, best first."""
    pipe = transformers.pipeline("image-classification", model=name, revision=revision, trust_remote_code=True)
    return [pipe(image, top_k=top_k) for image in images]
