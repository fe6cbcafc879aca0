"""法网 Fawang. What is set here holds before numpy is loaded: its matrices are small, and threads for them would only wait for one another."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
