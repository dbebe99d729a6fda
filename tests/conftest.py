"""What holds for every test: several of them run at a time, so each takes one core."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, and for the processes that tests start
