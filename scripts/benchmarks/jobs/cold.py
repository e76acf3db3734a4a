"""A program that loads one model and answers once, as a whole process: python -I cold.py PEER FOLDER NAME.

Prints the clock at the logits, which the process that started this one began to read, and the peak memory.
"""

import json
import runpy
import sys
import time
from pathlib import Path

peer, place, name = sys.argv[1:]
if peer == "floor":
    import torch
else:
    peers = runpy.run_path(str(Path(__file__).parents[1] / "peers.py"))
    model = peers["LOADERS"][peer](Path(place), name)

    import torch

    with torch.inference_mode():
        peers["logits_of"](model(torch.zeros(1, 3, 224, 224))).argmax(-1).item()
end = time.monotonic()
peak = runpy.run_path(str(Path(__file__).with_name("memory.py")))["process_peak"]()
print(json.dumps({"end": end, "peak": peak}))
