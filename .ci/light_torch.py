"""Would torch bring gigabytes of CUDA with it? Then stop and say how to get the CPU build; else install it."""

import importlib.metadata
import importlib.util
import json
import subprocess
import sys

ADVICE = """\
torch: pip would fetch the CUDA build, several gigabytes that a demo does not need. For the CPU build run
  PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make demo
or install the torch of your choice into .venv first."""

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
TORCH = ["--quiet", "--constraint", "constraints.txt", "torch"]


def main() -> None:
    if importlib.util.find_spec("torch") is not None:
        return
    if tuple(map(int, importlib.metadata.version("pip").split(".")[:2])) < (22, 2):  # the first with --report
        subprocess.run([*PIP, "install", "--quiet", "--upgrade", "pip"], check=True)
    plan = subprocess.run([*PIP, "install", "--dry-run", "--report", "-", *TORCH], stdout=subprocess.PIPE, check=False)
    if plan.returncode:
        sys.exit(plan.returncode)
    heavy = [
        item["metadata"]["name"]
        for item in json.loads(plan.stdout)["install"]
        if item["metadata"]["name"].startswith(("nvidia-", "triton", "cuda-"))
    ]
    if heavy:
        sys.exit(ADVICE)
    sys.exit(subprocess.run([*PIP, "install", *TORCH], check=False).returncode)


if __name__ == "__main__":
    main()
