"""Entry of the probe: a fresh interpreter runs this file's `main`."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

# No name that code of a repository could import by accident.
_NAME = "_behaviour_probe"


def main(**arguments: Any) -> Any:
    """Run the probe, see `worker.work`."""
    package = Path(__file__).parent
    spec = importlib.util.spec_from_file_location(_NAME, package / "__init__.py", submodule_search_locations=[package])
    sys.modules[_NAME] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{_NAME}.worker").work(**arguments)
