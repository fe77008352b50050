"""What does somebody run who has genforce's or NVIDIA's program, to get from its file to directions?

python -m benchmarks.discovery_peer ada|genforce CHECKOUT FILE DIRECTIONS.npy
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch


def genforce(file: str) -> np.ndarray:
    """The steps of its `sefa.py` before the first picture."""
    from models import build_generator  # type: ignore[import-not-found]  # theirs
    from utils import factorize_weight  # type: ignore[import-not-found]

    held = torch.load(file, map_location="cpu")["generator_smooth"]
    side = 4 * 2 ** ((sum(name.endswith("noise_strength") for name in held) - 1) // 2)
    generator = build_generator("stylegan2", resolution=side)
    generator.load_state_dict(held)
    _, directions, _ = factorize_weight(generator.eval(), "all")
    return np.real(np.asarray(directions))


def ada(file: str) -> np.ndarray:
    """Singular vectors of the affine layers of what its loader gives."""
    import legacy  # type: ignore[import-not-found]  # theirs

    with Path(file).open("rb") as opened:
        generator = legacy.load_network_pkl(opened)["G_ema"]
    blocks = [getattr(generator.synthesis, f"b{side}") for side in generator.synthesis.block_resolutions]
    convs = [getattr(block, name) for block in blocks for name in ("conv0", "conv1") if hasattr(block, name)]
    weight = np.concatenate([conv.affine.weight.detach().numpy() for conv in convs])  # (out of all, w)
    return np.asarray(np.linalg.svd(weight, full_matrices=False)[2])


if __name__ == "__main__":
    program, checkout, file, out = sys.argv[1:]
    sys.path.insert(0, checkout)
    np.save(out, {"ada": ada, "genforce": genforce}[program](file))
