"""The tests; what must be set before torch is imported, here and in every process that a test starts."""

import os
import signal

# The tests share the cores already.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# MKL may not add in another order where a tensor of a mapped file begins at another address.
os.environ.setdefault("MKL_CBWR", "AVX2,STRICT")
# A script that starts the tests in the background has Ctrl-C ignored, by every process that a test starts too.
signal.signal(signal.SIGINT, signal.default_int_handler)
