"""Findings of transformers-mlinter, the linter of transformers' own model files, where they hold for remote code.

Chosen: rules about a contract between the model class and the library that is the same inside and outside of it.
Left out:
- what only 5.x has, such as strict dataclasses, capture_outputs, nn.Buffer and the decorators that own return_dict
  (TRF003, 010, 034, 040, 045, 057, 058);
- what belongs to the transformers repository: licence headers, tests, modular files, notes for its reviewers, imports
  between its models (TRF008, 009, 028, 035, 038, 041, 042);
- style (TRF023 to 026, 029, 030, 033, 036, 037);
- what rules here say with inheritance and the declared versions in view (TRF007, 012 to 014, 018, 048, 049).
"""

from collections.abc import Iterator
from functools import cache

from ..model import Finding
from ..registry import rule
from ..repository import Repository

# Rule, and why it holds for code that a repository carries.
CHOSEN = {
    "TRF002": "save and load strip base_model_prefix from names: it must be a plain text",
    "TRF004": "5.x ties from _tied_weights_keys and never calls an overridden tie_weights as 4.x did",
    "TRF005": "device_map compares _no_split_modules with class names",
    "TRF006": "a cache that is accepted and ignored gives wrong text without an error",
    "TRF031": "an output that is no ModelOutput breaks indexing, DataParallel and the Trainer",
    "TRF055": "config = SomeConfig on a model class shadows the instance's own configuration",
    "TRF056": "forward that reads values waits for the device and cannot be exported",
}


@cache
def _linter():
    try:
        import mlinter
    except ImportError:
        return None
    return mlinter


@rule(
    severity="warning",
    summary="transformers-mlinter objects to the model code.",
    why="Its rules are those of transformers' own models; the ones chosen here hold for remote code on every version.",
    repair="See `mlinter --rule TRF...` for the rule that the finding names. The rule needs transformers-mlinter.",
    bad="def tie_weights(self):\n    self.head.weight = self.embed.weight",
    good='_tied_weights_keys = {"head.weight": "embed.weight"}',
)
def mlinter(repository: Repository) -> Iterator[Finding]:
    linter = _linter()
    if linter is None:
        return
    known = CHOSEN.keys() & set(linter.TRF_RULE_CHECKS)
    for source in repository.code.values():
        if source.error is not None or not source.stem.startswith(("modeling_", "modular_")):
            continue
        try:
            found = linter.analyze_file(repository.folder / source.path, source.text, enabled_rules=known)
        except Exception:  # a linter that stumbles says nothing about the repository
            continue
        for violation in found:
            rule_id = next((name for name in CHOSEN if violation.message.startswith(name)), "")
            message = f"{violation.message} ({CHOSEN.get(rule_id, 'see the linter')})"
            yield Finding(message, source.path, violation.line_number)
