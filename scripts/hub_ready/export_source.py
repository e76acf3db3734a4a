"""One export of this source tree's own model, from its manifest to a folder that was proved."""

import re
from functools import partial

from transformers.utils import logging

from .export import export
from .finish import Exported, Options, Original, finish, size_of
from .fresh import FreshInterpreter
from .labels import read_labels
from .manifest import Manifest
from .problems import Misuse
from .source_card import card_data, card_facts
from .source_model import load_source, reference_of
from .staging import check_target, staged


def repository_name(name: str) -> str:
    """The name itself; Misuse when some version of the loader or the Hub cannot take it."""
    if re.fullmatch(r"[A-Za-z0-9]+([-_][A-Za-z0-9]+|_+[A-Za-z0-9]+)*", name) and len(name) <= 96:
        return name
    near = re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9_-]+", "-", name)).strip("-_") or "my-model"
    raise Misuse(f"NAME: expected letters, digits, single hyphens and underscores, found {name!r}; try {near[:96]}")


def export_source(name: str, options: Options, manifest: Manifest) -> Exported:
    """Write `options.output/name`, proved before it appears.

    Raises:
        Misuse: the target exists, or a file that was named does not.
        Problem: weights that do not fit, a disk that is full, or a proof that failed.
    """
    target = options.output / repository_name(name)
    check_target(target, options.overwrite)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    id2label = read_labels(options.labels) if options.labels else None
    with staged(target, options.overwrite) as folder, FreshInterpreter() as interpreter:
        interpreter.start()
        source = load_source(manifest, options.weights, options.seed, id2label)
        card = card_data(source, manifest, options.license)
        export(source.model, [source.processor] if source.processor else [], manifest, folder)
        facts = partial(card_facts, source, manifest, name)
        original = Original(source.model.state_dict(), reference_of(source, manifest), card, facts)
        proved = finish(folder, original, interpreter)
        size = size_of(folder)
    return Exported(name, target, source.auto_class, source.model.num_parameters(), size, *proved)
