"""Run some of a source tree's own tests. Runs in a fresh interpreter."""

import os
import sys


def main(root: str, paths: list[str]) -> int:
    """pytest's exit code."""
    sys.path.insert(0, root)
    os.chdir(root)
    sys.dont_write_bytecode = True
    import pytest

    return int(pytest.main(["-n0", "-p", "no:cacheprovider", "-x", *paths]))
