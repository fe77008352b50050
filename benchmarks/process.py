"""What does a whole process take, from its start to its end?"""

from __future__ import annotations

import json
import os
import subprocess
import sys

LAUNCHER = """\
import json, os, sys, time
null = os.open(os.devnull, os.O_WRONLY)
begun = time.perf_counter()
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
_, status, used = os.wait4(process, 0)
took = time.perf_counter() - begun
print(json.dumps([status, took, used.ru_utime, used.ru_stime, used.ru_maxrss]))
"""
"""A process is counted as large as the one that starts it, so a small one does."""


def run(command: list[str]) -> dict[str, float]:
    """Seconds of wall, user and system time, and the most memory in MiB."""
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], capture_output=True, text=True, check=True)
    status, wall, user, system, rss = json.loads(done.stdout)
    code = os.waitstatus_to_exitcode(status)
    if code:
        raise SystemExit(f"{' '.join(command)}: ended with status {code}\n{done.stderr}")
    return {"wall": wall, "user": user, "system": system, "rss": rss / 1024}
