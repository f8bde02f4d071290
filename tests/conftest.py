"""What all tests share.

One thread: the tensors of these tests are too small for two, which would wait for each other. And
a cache of their own: what was measured on other days must not decide how they compute.
"""

import os
import tempfile

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["METABENCH_CACHE"] = tempfile.mkdtemp(prefix="metabench-cache-")
