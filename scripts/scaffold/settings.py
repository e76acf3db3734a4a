"""What pyproject.toml says about tests, for a fork that has only some of them."""

import re
from collections.abc import Iterable


def used_markers(texts: Iterable[str]) -> set[str]:
    """The pytest markers that tests carry."""
    return {marker for text in texts for marker in re.findall(r"\bpytest\.mark\.(\w+)", text)}


def without_unused_markers(settings: str, used: set[str]) -> str:
    """pyproject.toml with those markers alone that some test carries, declared and deselected."""
    declared = re.findall(r'^    "(\w+): ', settings, re.MULTILINE)
    for marker in set(declared) - used:
        settings = re.sub(rf'^    "{marker}: .*\n', "", settings, flags=re.MULTILINE)
    left = [marker for marker in declared if marker in used]
    if not left:
        settings = re.sub(r"^markers = \[\n\]\n", "", settings, flags=re.MULTILINE)
        return re.sub(r" -m 'not \([\w ]*\)'", "", settings)
    return re.sub(r"-m 'not \([\w ]*\)'", f"-m 'not ({' or '.join(left)})'", settings)
