"""An interrupt ends what was started, leaves nothing behind, and never makes the message untrue."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.hub_ready import child
from scripts.hub_ready.child import run_child
from scripts.hub_ready.interrupts import put_off, scratch_folder, too_late
from scripts.hub_ready.problems import Problem
from scripts.hub_ready.update.apply import apply
from scripts.hub_ready.update.git import changes, run_git
from scripts.hub_ready.update.merge import File, Merge

from .places import HEAD, SCRIPT, Place, commit, edit

# A child that ignores SIGTERM if told to, and a grandchild that goes on and on; both hold the pipe open.
FAMILY = """
import signal, subprocess, sys, time
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
hold = [sys.executable, "-c", "import time; time.sleep(60)"]
subprocess.Popen(hold, pass_fds=[int(sys.argv[1])], stdout=subprocess.DEVNULL)
print("started", flush=True)
time.sleep(60)
"""


def gone(pipe: int) -> bool:
    """Whether every process that held the other end has ended."""
    os.set_blocking(pipe, False)
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False


@pytest.mark.parametrize("manner", ["orderly", "stubborn"])
def test_an_interrupt_ends_a_child_and_all_that_it_started(manner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_ORDERLY", 0.2 if manner == "stubborn" else 30.0)
    ended, (ours, theirs), real = [], os.pipe(), subprocess.Popen.communicate

    def interrupted(process: subprocess.Popen, **_: object) -> None:
        assert process.stdout.readline() == b"started\n"
        os.close(theirs)
        monkeypatch.setattr(subprocess.Popen, "communicate", real)
        ended.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    command = [sys.executable, "-c", FAMILY, str(theirs), manner]
    with pytest.raises(KeyboardInterrupt):
        run_child(command, stdout=subprocess.PIPE, pass_fds=[theirs])
    assert gone(ours) and ended[0].returncode == -(signal.SIGKILL if manner == "stubborn" else signal.SIGTERM)
    os.close(ours)


def test_an_interrupt_while_a_child_starts_does_not_lose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real, started = subprocess.Popen, []

    def popen(*arguments: object, **options: object) -> subprocess.Popen:
        started.append(real(*arguments, **options))
        signal.raise_signal(signal.SIGINT)
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(KeyboardInterrupt):
        run_child([sys.executable, "-c", "import time; time.sleep(60)"])
    assert started[0].returncode == -signal.SIGTERM


def test_an_interrupt_put_off_comes_once_at_the_end_and_one_too_late_never() -> None:
    steps = []
    before = signal.signal(signal.SIGALRM, lambda *_: steps.append("alarm"))
    with pytest.raises(KeyboardInterrupt):
        with put_off():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            steps.append("finished")
        steps.append("not reached")
    with too_late():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGALRM)
    signal.signal(signal.SIGALRM, before)
    assert steps == ["finished"] and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_folder_is_gone_even_if_the_interrupt_hits_its_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.unlink

    def unlink(*arguments: object, **options: object) -> None:
        monkeypatch.setattr(os, "unlink", real)
        signal.raise_signal(signal.SIGINT)
        real(*arguments, **options)

    with pytest.raises(KeyboardInterrupt), scratch_folder("some-", tmp_path) as folder:
        for name in ("a", "b"):
            (folder / name).touch()
        monkeypatch.setattr(os, "unlink", unlink)
    assert list(tmp_path.iterdir()) == []


# The command with a SIGTERM at one moment: before or after the named function does its work.
COMMAND = """
import os, signal, sys
from scripts import new_model
module, name, when = sys.argv.pop(), sys.argv.pop(), sys.argv.pop()
real = getattr(sys.modules[module], name)
def hit(*arguments, **options):
    if when == "before":
        os.kill(os.getpid(), signal.SIGTERM)
    done = real(*arguments, **options)
    if when == "after":
        os.kill(os.getpid(), signal.SIGTERM)
    return done
setattr(sys.modules[module], name, hit)
new_model.run(new_model.main)
"""


@pytest.mark.parametrize("when, name", [("before", "rmtree"), ("before", "apply"), ("after", "apply")])
def test_interrupted_anywhere_an_update_is_done_and_said_or_undone_and_said(
    when: str, name: str, place: Place, tmp_path: Path
) -> None:
    template, fork = place
    edit(template, SCRIPT, HEAD, "The template's sentence")
    commit(template)
    (tmp_path / "tmp").mkdir()
    module = {"rmtree": "shutil", "apply": "scripts.hub_ready.update.command"}[name]
    command = [sys.executable, "-c", COMMAND, "--update", "--template", str(template), when, name, module]
    settings = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=fork, capture_output=True, text=True, env=settings, timeout=120)
    assert list((tmp_path / "tmp").iterdir()) == [] and "Traceback" not in done.stderr
    if name == "apply":
        assert done.returncode == 0 and "Nothing is committed yet" in done.stdout, done.stderr
        assert {line.split()[-1] for line in changes(fork)} == {SCRIPT, "scripts/template.json"}
    else:
        assert done.returncode == 1 and "interrupted: nothing half-done" in done.stderr
        assert done.stdout == "" and changes(fork) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("step", range(1, 9))
def test_stopped_at_any_step_everything_is_as_it_was(
    step: int, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_git(tmp_path, "init", "--quiet")
    for name in ("changed", "removed", "other"):
        (tmp_path / name).write_text("before")
    commit(tmp_path)
    after = File(b"after")
    merge = Merge(write={"changed": after, "folder/added": after, "other": after}, remove=["removed"])
    calls, (real_rename, real_write) = [], (Path.rename, Path.write_bytes)

    def stop(real):
        def counted(*arguments):
            calls.append(arguments)
            if len(calls) == step:
                raise error
            return real(*arguments)

        return counted

    monkeypatch.setattr(Path, "rename", stop(real_rename))
    monkeypatch.setattr(Path, "write_bytes", stop(real_write))
    with pytest.raises((KeyboardInterrupt, Problem)):
        apply(merge, tmp_path)
    monkeypatch.undo()
    assert changes(tmp_path) == [] and list((tmp_path / ".git").glob("template-update-*")) == []
