"""Extraction: from the text of an article to who does what with whom; pure functions, and the transforms around them."""

import os

# One thread of linear algebra per process: several processes share the cores, and numpy reads this when it is imported.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
