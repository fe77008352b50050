"""How does the method's own program run where there is no GPU? As it is, but that `.cuda()` does nothing.

    python -m benchmarks.sefa_program CHECKOUT CHECKPOINT FACTS -- ARGUMENTS OF sefa.py

genforce/sefa is run from its checkout and nothing of it is copied. It looks for weights by the name of a model, so
`stylegan2_church256` is made to be CHECKPOINT. What numpy has dropped since it was written is put back. FACTS receives
the directions that it found and the z that it drew, for the comparison of pictures.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

MODEL = "stylegan2_church256"


class Encoded(np.ndarray):
    """Bytes of a JPEG with the method by which older numpy gave them."""

    def tostring(self) -> bytes:
        return self.tobytes()


def main(checkout: str, checkpoint: str, facts: str, *arguments: str) -> None:
    folder = Path(arguments[arguments.index("--save_dir") + 1])
    weights = folder / "checkpoints" / f"{MODEL}.pth"
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.unlink(missing_ok=True)
    weights.symlink_to(Path(checkpoint).resolve())
    os.chdir(folder)

    sys.path.insert(0, checkout)
    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *args, **kwargs: self  # type: ignore[method-assign]
    encode = cv2.imencode
    cv2.imencode = lambda *args: (True, encode(*args)[1].view(Encoded))

    import utils  # theirs

    factorize, kept = utils.factorize_weight, dict[str, Any]()

    def keeping(*args: Any) -> Any:
        layers, directions, values = factorize(*args)
        kept["directions"] = torch.from_numpy(np.real(directions[:16]).copy())  # (16, w)
        return layers, directions, values

    utils.factorize_weight = keeping
    draw = torch.randn

    def drawing(*size: int, **kwargs: Any) -> torch.Tensor:
        found = draw(*size, **kwargs)
        kept["z"] = found  # (samples, z), the last that is drawn
        return found

    torch.randn = drawing
    sys.argv = ["sefa.py", MODEL, *arguments]
    runpy.run_path(str(Path(checkout) / "sefa.py"), run_name="__main__")
    torch.save(kept, facts)


if __name__ == "__main__":
    cut = sys.argv.index("--")
    main(*sys.argv[1:cut], *sys.argv[cut + 1 :])
