"""Entry of the probe: a fresh interpreter runs this file's `main`."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

# No name that code of a repository could import by accident.
_NAME = "_behaviour_probe"


def main(task: str, **arguments: Any) -> Any:
    """Run a task of the probe: "worker.work" or "unpickle.unpickle"."""
    module, function = task.split(".")
    package = Path(__file__).parent
    spec = importlib.util.spec_from_file_location(
        _NAME, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    sys.modules[_NAME] = importlib.util.module_from_spec(spec)
    return getattr(importlib.import_module(f"{_NAME}.{module}"), function)(**arguments)
