"""Does factorizing a checkpoint of real size touch no more than it needs?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHANNELS = {4: 512, 8: 512, 16: 512, 32: 512, 64: 512, 128: 256, 256: 128, 512: 64, 1024: 32}
"""StyleGAN2 config f."""

PROGRAM = """
import json, re, sys
from sefa_core.cli import sefa
sefa.main(sys.argv[1:], standalone_mode=False)
status = open("/proc/self/status").read()  # not getrusage, which remembers what the parent used before exec
facts = {"kilobytes": int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]), "torch": "torch" in sys.modules}
print(json.dumps(facts), file=sys.stderr)
"""


def write_stylegan2(path: Path, *, copies: int = 3) -> Path:
    """A rosinality file of 1024 px: `copies` generators of the real shapes, styles random, the rest zeros."""
    import torch

    torch.manual_seed(0)

    def generator() -> dict[str, torch.Tensor]:
        state = {"input.input": torch.zeros(1, 512, 4, 4)}
        for i in range(1, 9):
            state |= {f"style.{i}.weight": torch.zeros(512, 512), f"style.{i}.bias": torch.zeros(512)}
        arriving, conv = 512, 0
        for side, channels in CHANNELS.items():
            for _ in range(1 if side == 4 else 2):
                name = "conv1" if conv == 0 else f"convs.{conv - 1}"
                state |= {
                    f"{name}.conv.weight": torch.zeros(1, channels, arriving, 3, 3),
                    f"{name}.conv.modulation.weight": torch.randn(arriving, 512),
                    f"{name}.conv.modulation.bias": torch.ones(arriving),
                    f"{name}.noise.weight": torch.zeros(1),
                    f"{name}.activate.bias": torch.zeros(channels),
                    f"noises.noise_{conv}": torch.zeros(1, 1, side, side),
                }
                arriving, conv = channels, conv + 1
            name = "to_rgb1" if side == 4 else f"to_rgbs.{conv // 2 - 1}"
            state |= {
                f"{name}.bias": torch.zeros(1, 3, 1, 1),
                f"{name}.conv.weight": torch.zeros(1, 3, channels, 1, 1),
                f"{name}.conv.modulation.weight": torch.randn(channels, 512),
                f"{name}.conv.modulation.bias": torch.ones(channels),
            }
        return state

    names = ["g_ema", "g", "d"][:copies]
    torch.save({name: generator() for name in names} | {"latent_avg": torch.zeros(512)}, path)
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stylegan2(tmp_path_factory.mktemp("large") / "ffhq.pt")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_large_checkpoint_is_factorized_in_little_memory(large: Path, tmp_path: Path) -> None:
    assert large.stat().st_size > 300 << 20
    arguments = ["factorize", str(large), "-o", str(tmp_path / "pack")]
    run = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    facts = json.loads(run.stderr)
    assert facts["kilobytes"] < 120 << 10 and not facts["torch"], facts


def test_only_the_style_matrices_are_read(large: Path) -> None:
    import sefa_core as sefa

    gan = sefa.load(str(large))
    assert len(gan.layers) == 18 and gan.resolution == 1024
    read: list[str] = []
    matrix = gan.weights.matrix
    object.__setattr__(gan.weights, "matrix", lambda layer: read.append(layer.name) or matrix(layer))
    gan.factorize("0-1", k=3)
    assert set(read) == {layer.name for layer in gan.layers}  # all of them once more for the fingerprint
    assert len(read) == 18 + 2


if __name__ == "__main__":  # python -m tests.test_large FILE writes such a checkpoint to look at
    write_stylegan2(Path(sys.argv[1]))
