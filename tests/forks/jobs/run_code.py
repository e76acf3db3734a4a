"""Run a card's code as a consumer would."""

import contextlib
import io


def main(code: str) -> str:
    """What it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(code, {})
    return said.getvalue()
