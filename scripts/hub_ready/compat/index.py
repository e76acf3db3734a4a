"""Which versions of a package there are, and which Python each runs on, as the package index says."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterable
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from ..problems import Misuse, Problem

_INDEX = "https://pypi.org/pypi/{}/json"
_PYTHONS = [f"3.{minor}" for minor in range(15, 7, -1)]


@lru_cache
def releases(package: str) -> dict[Version, list[dict]]:
    """The files of every final release that was not withdrawn, by version.

    Raises:
        Problem: the index does not answer, or has no such package.
    """
    try:
        with urllib.request.urlopen(_INDEX.format(package), timeout=60) as answer:
            found = json.load(answer)["releases"]
    except (OSError, ValueError, KeyError) as error:
        raise Problem(
            f"pypi.org did not say which versions of {package} there are ({error}); try again, or name them: "
            f"--{package} 1.2.3"
        ) from error
    kept = {}
    for text, files in found.items():
        files = [file for file in files if not file["yanked"]]
        try:
            version = Version(text)
        except InvalidVersion:  # of old
            continue
        if files and not version.is_prerelease:
            kept[version] = files
    return kept


def admitted(package: str, specifier: SpecifierSet) -> list[Version]:
    """Versions that a specifier allows, oldest first."""
    return sorted(version for version in releases(package) if version in specifier)


def last_of_minors(versions: Iterable[Version]) -> list[Version]:
    """The last patch of every minor version, oldest first."""
    return sorted({version.release[:2]: version for version in sorted(versions)}.values())


def chosen(package: str, wanted: str) -> list[str]:
    """Versions that an option's value names, oldest first.

    Args:
        package: its name on the index.
        wanted: "4.44.2" itself, there or not; "4.44" for its last patch; ">=4.44,<5" for the last patch of each minor.

    Raises:
        Misuse: it is none of these, or names no version.
    """
    try:
        if re.match(r"\d+\.\d+\.\d", wanted):
            return [str(Version(wanted))]
        specifier = SpecifierSet(f"=={wanted}.*" if wanted[:1].isdigit() else wanted)
    except ValueError as error:
        raise Misuse(
            f"--{package}: expected 1.2.3, 1.2 or '>=1.2,<2', several of them separated by spaces, found {wanted!r}"
        ) from error
    found = last_of_minors(admitted(package, specifier))
    if not found:
        raise Misuse(f"--{package}: no version on the index is {wanted!r}")
    return list(map(str, found))


def _runs_on(files: list[dict], python: str) -> bool:
    needed = files[0]["requires_python"]
    if needed and Version(f"{python}.99") not in SpecifierSet(needed):
        return False
    tags = [re.search(r"-(cp3\d+|py\d[.\w]*)-", file["filename"]) for file in files]
    own = {tag[1] for tag in tags if tag}
    return f"cp{python.replace('.', '')}" in own or any(tag.startswith("py") for tag in own) or not own


def python_for(pins: Iterable[tuple[str, str]], running: str) -> str:
    """The running Python's version where the pinned packages have files for it, else the newest that they have."""
    try:
        files = [found for name, version in pins if (found := releases(name).get(Version(version)))]
    except Problem:
        return running
    fitting = (python for python in [running, *_PYTHONS] if all(_runs_on(one, python) for one in files))
    return next(fitting, running)
