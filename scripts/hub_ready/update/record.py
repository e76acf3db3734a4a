"""What a repository remembers about the template it was made from: scripts/template.json."""

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..problems import Misuse, Problem

PATH = Path("scripts", "template.json")


@dataclass(frozen=True)
class Record:
    """How a repository was made, so that the same can be made again from another commit.

    Attributes:
        template: address of the template's repository, None when it had none but a folder.
        commit: of the template; `dirty` when its work tree held changes that are in no commit.
        starter, name, class_prefix, model_type, author, license: what was asked for.
        yours: what an update leaves alone: paths, folders with a slash at their end.
    """

    template: str | None
    commit: str
    dirty: bool
    starter: str
    name: str
    class_prefix: str
    model_type: str
    author: str
    license: str
    yours: tuple[str, ...] = ()

    def is_yours(self, path: str) -> bool:
        """Whether an update leaves the file alone."""
        return any(path == own or (own.endswith("/") and path.startswith(own)) for own in self.yours)

    def at(self, commit: str) -> "Record":
        """The same, made from another commit."""
        return replace(self, commit=commit, dirty=False)

    def to_text(self) -> str:
        """JSON, one line a field."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def parse_record(text: str) -> Record:
    """Read what `to_text` wrote; a Problem when it is something else."""
    try:
        values = json.loads(text)
        return Record(**{**values, "yours": tuple(values["yours"])})
    except (ValueError, TypeError, KeyError) as error:
        raise Problem(f"{PATH} is damaged ({error}); bring it back with: git checkout -- {PATH}") from error


def read_record(root: Path) -> Record:
    """The record of a source tree; Misuse when it was not made from a template."""
    if not (root / PATH).is_file():
        raise Misuse(f"--update works inside a repository that new_model made; {root} has no {PATH}")
    return parse_record((root / PATH).read_text(encoding="utf-8"))


def public_address(url: str) -> str | None:
    """A repository's address without user and password; None for a folder of this machine."""
    if not re.match(r"(https?|ssh|git)://|[\w.-]+@[\w.-]+:", url):
        return None
    return re.sub(r"(?<=https://)[^/@]*@|(?<=http://)[^/@]*@", "", url)
