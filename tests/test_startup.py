"""Does the command start light? Each guard has a twin that proves that it can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "torch", "rich", "jinja2", "PIL", "huggingface_hub", "yaml", "safetensors")


def imported(*arguments: str) -> set[str]:
    """Top-level packages that a `python -m sefa_core` process imports."""
    command = [sys.executable, "-X", "importtime", "-m", "sefa_core", *arguments]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = (line for line in process.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("verb", [[], ["discover"], ["factorize"], ["render"], ["plugins"]])
def test_help_loads_click_and_nothing_heavy(verb: list[str]) -> None:
    loaded = imported(*verb, "--help")
    assert "click" in loaded and loaded.isdisjoint(HEAVY)


def test_the_guard_of_help_can_fail(tiny: Path) -> None:
    assert {"numpy", "rich"} <= imported("inspect", str(tiny)) | imported(
        "factorize", str(tiny), "-o", str(tiny) + ".pack"
    )


def test_factorize_never_loads_torch(tiny: Path, tmp_path: Path) -> None:
    assert "torch" not in imported("factorize", str(tiny), "-o", str(tmp_path / "pack"))
    assert "torch" not in imported("inspect", str(tiny))
    assert "torch" not in imported("show", str(tmp_path / "pack"))


def test_the_guard_of_factorize_can_fail(tiny: Path, tmp_path: Path) -> None:
    assert "torch" in imported("discover", str(tiny), "-k", "1", "--seeds", "0", "-o", str(tmp_path / "out"))


def test_the_public_names_are_lazy_and_complete() -> None:
    program = (
        "import sys, sefa_core\n"
        "assert not {'numpy', 'torch', 'pluggy'} & set(sys.modules), sorted(sys.modules)\n"
        "for name in sefa_core.__all__: getattr(sefa_core, name)\n"
        "assert 'numpy' in sys.modules and 'torch' not in sys.modules\n"
        "assert set(sefa_core.__all__) <= set(dir(sefa_core))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
