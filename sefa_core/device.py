"""On which device are pictures made, and can it be used?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "bfloat16")
"""What convolutions may be computed in."""


def usable_device(name: str | None, family: str) -> torch.device:
    """The torch device `name`, by default the GPU if there is one, else the CPU.

    Raises `SefaError` where there is no torch, with the extra that brings what `family` needs, and where a number
    cannot be put on the device and read back.
    """
    require_torch(family)
    import torch

    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if name is None else name
    try:
        device = torch.device(chosen)
        torch.zeros(1, device=device).item()  # a device without data, "meta", fails here
    except Exception as problem:  # torch has a kind of error for each kind of device
        reason = (str(problem).splitlines() or [type(problem).__name__])[0].partition(". ")[0].partition(": ")[0]
        raise SefaError(f"device {chosen!r}: cannot be used ({reason}); try --device cpu") from problem
    return device


def check_dtype(name: str) -> None:
    """Raise `SefaError` unless pictures can be computed in `name`."""
    if name not in DTYPES:
        raise SefaError(f"dtype {name!r}: pictures are computed in {' or '.join(DTYPES)}; choose one")


def native_bfloat16(device: torch.device) -> bool:
    """Does `device` multiply bfloat16 by itself? Where it does not, bfloat16 is slower than float32."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))


def require_torch(family: str) -> None:
    """Raise `SefaError` unless torch can be imported."""
    try:
        import torch  # noqa: F401
    except ImportError as problem:
        from sefa_core.registry import load_registry

        known = load_registry().families.get(family)
        cure = f'pip install "sefa-core[{known.extra}]"' if known else "pip install torch"
        raise SefaError(
            f"torch: cannot be imported ({problem}), and pictures need it; {cure} brings it "
            "(factorize, show and inspect work without it)"
        ) from problem
