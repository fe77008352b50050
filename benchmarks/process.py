"""What does a whole process take, from its start to its end?"""

from __future__ import annotations

import os
import subprocess
import time


def run(command: list[str]) -> dict[str, float]:
    """Seconds of wall, user and system time, and the most memory in MiB."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: ended with status {process.returncode}\n{said}")
    return {"wall": took, "user": used.ru_utime, "system": used.ru_stime, "rss": used.ru_maxrss / 1024}
