"""How does the command line spare itself new memory? It has the C library keep what was freed for the next picture.

Feature maps of 1024 px pictures are larger than what glibc keeps by itself: each is asked of the system anew, which
takes as long as convolving it. Only a process of our own is told so: importing the package changes nothing.
"""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD = -1
MMAP_MAX = -4
"""Numbers by which `mallopt(3)` knows its parameters."""


def keep_freed_memory() -> bool:
    """Serve all sizes from one heap that is not given back; False where the C library is not glibc."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        return False
    return bool(mallopt(MMAP_MAX, 0) and mallopt(TRIM_THRESHOLD, 2**31 - 1))
