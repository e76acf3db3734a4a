"""The forms of a name: what its author writes, and what the code makes of it."""

import re
import unicodedata
from dataclasses import dataclass

from scripts.hub_ready.problems import Misuse

# Where one word ends inside a name in mixed case: "NeoBERT" is neo, bert; "MLPMixer" is mlp, mixer; "ViT" is one word.
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z][A-Za-z0-9])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Names:
    """The forms of one name.

    Attributes:
        name: as its author writes it, "My Net".
        snake: in file names and the package's name, "my_net".
        prefix: in front of class names, "MyNet".
        model_type: in config.json, "my_net".
    """

    name: str
    snake: str
    prefix: str
    model_type: str

    @property
    def package(self) -> str:
        """The folder with the code that consumers run."""
        return f"{self.snake}_model"


# Letters of Latin alphabets that Unicode does not take apart.
_LATIN = str.maketrans(
    {"Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Þ": "Th", "þ": "th", **dict(zip("ØøŁłĐđÐðıĦħ", "OoLlDdDdiHh"))}
)


def folded(text: str) -> str:
    """A text without accents, and with Latin letters alone where there is a usual spelling in them."""
    parts = unicodedata.normalize("NFKD", text.translate(_LATIN))
    plain = "".join(char for char in parts if not unicodedata.combining(char))
    return "".join(char.casefold() if char.casefold().isascii() and not char.isascii() else char for char in plain)


def _plain(name: str) -> str:
    """The name in ASCII; Misuse for letters that have no plain form."""
    if not " ".join(name.split()).isprintable():
        raise Misuse(f"--name: expected printable characters, found {name!r}")
    plain = folded(name)
    foreign = sorted({char for char in plain if char.isalnum() and not char.isascii()})
    if foreign:
        rest = "".join(char for char in plain if char.isascii()).strip(" -_")
        near = rest if re.search(r"[A-Za-z]{2}", rest) else "My Net"
        raise Misuse(
            f"--name: {name!r} has letters that no file name on the Hub may have ({' '.join(foreign)}); "
            f"spell it in a to z, for instance --name {near!r}"
        )
    return plain


def _words(plain: str) -> list[str]:
    return [word for word in re.split(r"[^A-Za-z0-9]+", plain) if word]


def derive(name: str, prefix: str | None = None, model_type: str | None = None) -> Names:
    """All forms of a name; `prefix` and `model_type` replace the derived ones.

    Raises:
        Misuse: nothing can be derived from it.

    >>> derive("My Net")
    Names(name='My Net', snake='my_net', prefix='MyNet', model_type='my_net')
    >>> derive("NeoBERT").snake, derive("NeoBERT").prefix, derive("u-net2").prefix
    ('neo_bert', 'NeoBERT', 'UNet2')
    """
    words = _words(_plain(name))
    if not words:
        raise Misuse(f"--name: expected a name with letters, found {name!r}; for instance --name 'My Net'")
    snake = "_".join(part for word in words for part in _BOUNDARY.split(word)).lower()
    derived = "".join(word[0].upper() + word[1:] for word in words)
    return Names(" ".join(name.split()), snake, prefix or derived, model_type or snake)
