"""Runs a Hugging Face Hub on this machine, for 127.0.0.1 only.

    python -m scripts.local_hub                      # a throw-away store, until Ctrl-C
    python -m scripts.local_hub --store hub --port 8808

Paste the two lines that it prints into another terminal: huggingface_hub and transformers there talk to it, by Xet,
or by LFS with HF_HUB_DISABLE_XET=1. Opened in a browser it shows each repository with its card, files and commits;
`git clone ADDRESS/NAMESPACE/NAME` works. Your own token and the real Hub are not touched.
"""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from scripts.hub_ready.local_hub import LocalHub


def main(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    store: Annotated[Path | None, typer.Option(file_okay=False, help="Keeps the repositories here.")] = None,
    user: Annotated[str, typer.Option(help="The namespace that the printed token owns.")] = "me",
) -> None:
    try:
        with LocalHub(store, port=port) as hub:
            serve(hub, user, str(store or "a throw-away folder"))
    except (OSError, ValueError) as error:
        typer.echo(f"The embedded Hub cannot run: {error}. Choose another --port, --store or --user.", err=True)
        raise typer.Exit(2) from None


def serve(hub: LocalHub, user: str, where: str) -> None:
    """Until Ctrl-C, or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    typer.echo(f"export HF_ENDPOINT={hub.endpoint}\nexport HF_TOKEN={hub.token(user)}")
    typer.echo(f"Repositories of {user!r} in {where}. Ctrl-C ends it.", err=True)
    ended.wait()


if __name__ == "__main__":
    app = typer.Typer(add_completion=False)
    app.command(help=__doc__)(main)
    app()
