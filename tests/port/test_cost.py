"""What a port costs, against the bare minimum that anybody would have to do, both measured in this run."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.hub_ready.manifest import ROOT

from .networks import awake, save_checkpoint

pytestmark = pytest.mark.cost

# Each program prints seconds, and the peak memory beyond what it held once the libraries were imported and warm.
COMMON = """
import json, resource, sys, threading, time
import timm, torch, transformers
from pathlib import Path
from safetensors.torch import save_file, load_file
checkpoint, output = Path(sys.argv[1]), Path(sys.argv[2])
name = "wide_resnet50_2"

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

class Peak(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.over = 0, False
        self.start()
    def run(self):
        while not self.over:
            self.peak = max(self.peak, resident())
            time.sleep(0.002)
"""
BARE = (
    COMMON
    + """
def work():
    model = timm.create_model(name, pretrained=False)
    model.load_state_dict(load_file(checkpoint))
    model.eval()
    with torch.no_grad():
        model(torch.randn(1, *model.pretrained_cfg["input_size"]))
    save_file(model.state_dict(), output / "model.safetensors")
"""
)
PORT = (
    COMMON
    + """
from scripts.hub_ready.manifest import read_manifest
from scripts.timm_port.batch import LIBRARIES, FreshInterpreter
from scripts.hub_ready.finish import Options
from scripts.timm_port.port import port
interpreter = FreshInterpreter((*LIBRARIES, "timm"))
interpreter.start()
(output / "job.py").write_text("def main(): return 1")
interpreter.run(output / "job.py", {})

def work():
    port(name, Options(output / "exports", weights=str(checkpoint)), read_manifest(), interpreter)
"""
)
MEASURE = """
timm.create_model("test_resnet").eval()(torch.randn(1, 3, 64, 64))
before, peak, start = resident(), Peak(), time.perf_counter()
work()
seconds, peak.over = time.perf_counter() - start, True
print(json.dumps([seconds, peak.peak - before]))
"""


def measure(program: str, checkpoint: Path, output: Path) -> tuple[float, float]:
    output.mkdir()
    (output / "program.py").write_text(program + MEASURE)
    command = [sys.executable, str(output / "program.py"), str(checkpoint), str(output)]
    end = subprocess.run(command, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True)
    assert end.returncode == 0, end.stderr
    return tuple(json.loads(end.stdout.splitlines()[-1]))


def test_a_port_takes_at_most_twice_the_bare_minimum_and_two_and_a_half_times_the_weights(tmp_path: Path) -> None:
    checkpoint = save_checkpoint(awake("wide_resnet50_2"), tmp_path / "checkpoint.safetensors")
    pairs = [
        [measure(program, checkpoint, tmp_path / f"{name}{i}") for name, program in (("bare", BARE), ("port", PORT))]
        for i in range(5)
    ]
    ratio = statistics.median(port[0] / bare[0] for bare, port in pairs)
    memory = max(port[1] for _, port in pairs) / checkpoint.stat().st_size
    print(f"\nport / bare minimum: {ratio:.2f} (median of {len(pairs)}); peak memory / weights: {memory:.2f}")
    assert ratio <= 2.0
    assert memory <= 2.5
