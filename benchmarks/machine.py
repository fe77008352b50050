"""On which machine, and with which torch, was this measured?"""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from pathlib import Path


def machine() -> dict[str, object]:
    import torch

    able = torch.cpu.get_capabilities()
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory() / 1024, 1),
        "bfloat16": [name for name in ("amx_bf16", "avx512_bf16") if able.get(name)],
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def memory() -> float:
    """What the machine has, in MiB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20


def _processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in facts.splitlines()}
    return f"{found.get('model name', '')} (family {found.get('cpu family')}, model {found.get('model')})"
