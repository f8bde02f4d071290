"""One thread: the tensors of these tests are too small for two, which would wait for each other."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
