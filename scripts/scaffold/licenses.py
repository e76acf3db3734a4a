"""The texts of licenses."""

import datetime
from pathlib import Path

from jinja2 import Template

from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.problems import Misuse

_FOLDER = Path(__file__).with_name("licenses")


def license_ids() -> list[str]:
    """Identifiers of the licenses whose text is here, as the Hub spells them."""
    return sorted(["apache-2.0", *(path.stem for path in _FOLDER.glob("*.txt"))])


def license_text(license_id: str, author: str) -> str:
    """The text to put into LICENSE; Misuse for a license that is not here."""
    if license_id == "apache-2.0":
        return (ROOT / "LICENSE").read_text(encoding="utf-8")
    path = _FOLDER / f"{license_id}.txt"
    if license_id not in license_ids():
        raise Misuse(
            f"--license: expected {', '.join(license_ids())}, found {license_id!r}; take one of these, then put the "
            "text of yours into LICENSE and its identifier into README.md"
        )
    year = datetime.date.today().year
    return Template(path.read_text(encoding="utf-8"), keep_trailing_newline=True).render(author=author, year=year)
