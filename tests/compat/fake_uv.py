"""Stands in for uv: its environments are wrappers around the running interpreter, its failures are made to order.

`FAKE_UV` names a folder: a file there that is called like a version of transformers says how its installation ends.
"""

import json
import os
import signal
import sys
from pathlib import Path

TROUBLE = {
    "absent": "  x No solution found when resolving dependencies:\n  ╰─▶ Because there is none\n      of it.",
    "extra": "  x No solution found when resolving dependencies:\n  cause: Because its extra admits no such torch.",
    "offline": "error: Request failed after 3 retries\n  Caused by: dns error",
    "full": "error: Failed to install: torch.whl\n  Caused by: No space left on device (os error 28)",
}


def venv(place: Path) -> None:
    (place / "bin").mkdir(parents=True)


def install(python: Path, wanted: list[str]) -> None:
    name, _, version = next(one for one in wanted if one.startswith("transformers")).partition("==")
    order = Path(os.environ["FAKE_UV"], version)
    kind = order.read_text() if order.exists() else ""
    if kind and (kind != "extra" or "[" in name):
        if kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        sys.exit(TROUBLE[kind])
    python.write_text(f'#!/bin/sh\nFAKE_VERSION={version} exec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    with Path(os.environ["FAKE_UV"], "installed.txt").open("a") as record:
        record.write(f"{version}\n")


arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-progress", "--quiet")]
if arguments[:2] == ["cache", "dir"]:
    print(os.environ["FAKE_UV"])
elif arguments[0] == "venv":
    venv(Path(arguments[-1]))
elif arguments[:2] == ["pip", "install"]:
    install(Path(arguments[3]), arguments[4:])
else:
    print(json.dumps([{"name": "transformers", "version": "1"}]))
