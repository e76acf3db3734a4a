"""What a model does is judged: good ones pass, every mutant is caught by its rule."""

from pathlib import Path

import pytest

from scripts.hub_ready.check import Finding, Repository, all_rules, check_folder
from scripts.hub_ready.check.behaviour.collect import Limits, collect
from scripts.hub_ready.check.behaviour.phases import DOING, PHASES
from scripts.hub_ready.check.behaviour.runner import run_behaviour
from scripts.hub_ready.fresh import FreshInterpreter

from .conftest import Make
from .good import GOOD
from .mutants import MODELING, MUTANTS, Mutant, at_import, both, in_forward, in_init

RULES = [rule for rule in all_rules() if rule.group == "behaviour"]
SHORT = Limits(total=60, phase=4, memory=2 << 30)


def behave(folder: Path, interpreter: FreshInterpreter, limits: Limits | None = None) -> list[Finding]:
    return run_behaviour(Repository(folder), RULES, interpreter=interpreter, limits=limits)[0]


def said(findings: list[Finding]) -> list[str]:
    return [f"{finding.rule} {finding.place}: {finding.message}" for finding in findings]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_repository_has_no_findings(name: str, make: Make, interpreter: FreshInterpreter):
    report = check_folder(make(name), behaviour=True, interpreter=interpreter, repo_id="someone/tiny")

    assert said(list(report.findings)) == []
    # What a phase found is worth something only if it ran.
    assert {"model-loads", "weights-equal-file", "batch-independent", "save-fixed-point", "pickles"} <= set(
        report.rules
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.rule}: {mutant.name}")
def test_a_mutant_is_caught_by_its_rule_and_its_kin(mutant: Mutant, make: Make, interpreter: FreshInterpreter):
    findings = behave(make(mutant.of, mutant.files()), interpreter)

    found = {finding.rule for finding in findings}
    assert mutant.rule in found and found <= {mutant.rule} | mutant.kin, said(findings)


def test_every_rule_has_a_mutant():
    assert {rule.id for rule in RULES} == {mutant.rule for mutant in MUTANTS} | {"stays-alive"}


def test_a_finding_names_the_line_of_the_code(make: Make, interpreter: FreshInterpreter):
    mutant = next(mutant for mutant in MUTANTS if mutant.rule == "forward-runs")
    folder = make(mutant.of, mutant.files())

    (finding,) = behave(folder, interpreter)

    lines = (folder / MODELING).read_text().splitlines()
    assert finding.path == MODELING and "raise RuntimeError" in lines[finding.line - 1]


def test_dummy_inputs_feed_what_nobody_else_can(make: Make, interpreter: FreshInterpreter):
    example = """
    @property
    def dummy_inputs(self):
        return {"pixel_values": torch.zeros(3, 3, 16, 16), "boxes": torch.zeros(3, 4)}
"""
    mutant = next(mutant for mutant in MUTANTS if mutant.rule == "can-be-fed")
    code = mutant.files()[MODELING] + example

    # The pipeline has no boxes, and says so.
    assert {f.rule for f in behave(make("vision", {MODELING: code}), interpreter)} == {"pipeline-answers"}


def test_progress_names_what_is_done(make: Make, interpreter: FreshInterpreter):
    lines: list[str] = []

    collect(Repository(make("vision")), list(PHASES), interpreter, Limits(), lines.append)

    assert lines[0] == "starting an interpreter" and set(lines[1:]) <= set(DOING.values())


FAKE = """
import json, os
print(json.dumps({"result": []}))
for number in range(3, 256):
    try:
        os.write(number, b'{"result": []}\\n{"kind": "end", "phase": "load", "facts": {}}\\n')
    except OSError:
        pass
"""

HOSTILE = {
    "exit at import": at_import("import os\nos._exit(0)"),
    "exit with a fake report": at_import(f"{FAKE}\nos._exit(0)"),
    "SystemExit": in_init("raise SystemExit(0)"),
    "a loop in forward": in_forward("while True: pass"),
    "a loop that swallows everything": at_import(
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    ),
    "memory": in_forward("self.block = [bytearray(1 << 28) for _ in range(64)]"),
    "closed files": at_import("import os\nos.closerange(3, 256)"),
    "closed files and a loop": at_import("import os\nos.closerange(0, 256)\nwhile True: pass"),
    "a crash": in_forward("import ctypes; ctypes.string_at(0)"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_is_a_finding_within_the_limits(name: str, make: Make, interpreter: FreshInterpreter):
    files = Mutant("stays-alive", name, HOSTILE[name]).files()

    findings = behave(make("vision", files), interpreter, SHORT)

    assert "stays-alive" in {finding.rule for finding in findings}, said(findings)


def test_what_runs_before_the_end_is_still_judged(make: Make, interpreter: FreshInterpreter):
    change = both(at_import("import os"), in_forward("if self.config.num_labels and labels is not None: os._exit(3)"))

    facts = collect(
        Repository(make("vision", Mutant("", "", change).files())), list(PHASES), interpreter, SHORT, lambda line: None
    )

    assert facts.deaths == {"backward": "ended without an answer (exit 3)"}
    assert "facts" in facts.outcomes["batch"] and "facts" in facts.outcomes["pickle"]


def test_code_cannot_remove_files_or_end_its_parent(make: Make, interpreter: FreshInterpreter, tmp_path: Path):
    canary = tmp_path / "canary"
    canary.write_text("alive")
    body = f"""
import os, shutil, signal
for attempt in (
    lambda: os.remove({str(canary)!r}),
    lambda: shutil.rmtree({str(tmp_path)!r}),
    lambda: os.system("rm -rf {tmp_path}"),
    lambda: os.kill(os.getppid(), signal.SIGKILL),
):
    try:
        attempt()
    except OSError:
        pass
"""
    before = interpreter._process

    findings = behave(make("vision", Mutant("", "", at_import(body)).files()), interpreter)

    assert {finding.rule for finding in findings} == {"no-file-writes", "no-processes"}
    assert canary.read_text() == "alive" and interpreter._process is before and before.poll() is None


def test_a_fake_report_changes_nothing(make: Make, interpreter: FreshInterpreter):
    findings = behave(
        make("vision", Mutant("", "", both(at_import(FAKE), in_forward('raise RuntimeError("no")'))).files()),
        interpreter,
    )

    # Writing into every open file is either seen, or did no harm to what is found.
    assert {"forward-runs", "stays-alive"} & {finding.rule for finding in findings}


def test_code_that_changes_the_repository_is_seen(make: Make, interpreter: FreshInterpreter):
    folder = make("vision")
    # Past Python, where no audit hook sees it.
    body = f"import ctypes\nctypes.CDLL(None).truncate({str(folder / 'README.md').encode()!r}, 0)"
    (folder / MODELING).write_text(Mutant("", "", at_import(body)).files()[MODELING])

    findings = behave(folder, interpreter)

    assert [(finding.rule, finding.path) for finding in findings] == [("no-file-writes", "README.md")]
