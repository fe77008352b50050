"""How do the programs of other families make the pictures that we time? Their own networks, from a checkout.

    python -m benchmarks.originals write CASE CHECKOUT FILE              a network with random weights
    python -m benchmarks.originals theirs CASE CHECKOUT FILE PICTURES    draw with the program
    python -m benchmarks.originals ours CASE CHECKOUT FILE PICTURES      draw with sefa

Nothing of theirs is copied here. The file is in the program's own format, and `sefa.load` reads it.
"""

from __future__ import annotations

import importlib.util
import pickle
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from packaging import version

import sefa_core as sefa
from benchmarks.painter import serve

Pictures = Callable[[], torch.Tensor]


@dataclass(frozen=True)
class Original:
    """A network of another program."""

    peer: str
    side: int
    make: Callable[[], torch.nn.Module]
    """Builds it; the checkout is on the path of modules."""
    write: Callable[[torch.nn.Module, Path], None]
    draw: Callable[[Any, torch.Tensor], Pictures]
    """From the network and z `(n, z)` to what makes the pictures again and again."""
    z: int = 512
    classes: int = 0
    suffix: str = ".pth"


def _module(name: str) -> Any:
    if importlib.util.find_spec("pkg_resources") is None:  # newer setuptools have none; one function of it is asked for
        sys.modules["pkg_resources"] = types.SimpleNamespace(parse_version=version.parse)  # type: ignore[assignment]
    return importlib.import_module(name)


def _stylegan3(**settings: object) -> torch.nn.Module:
    made: torch.nn.Module = _module("training.networks_stylegan3").Generator(
        512, 0, 512, 256, 3, mapping_kwargs={"num_layers": 2}, **settings
    )
    return made


def _pickled(network: torch.nn.Module, path: Path) -> None:
    with path.open("wb") as file:
        pickle.dump({"G_ema": network}, file)


def _averaged(network: torch.nn.Module, path: Path) -> None:
    torch.save({"generator_smooth": network.state_dict()}, path)


def _mapped(network: Any, z: torch.Tensor) -> Pictures:
    ws = network.mapping(z, None)
    return lambda: network.synthesis(ws)


def _genforce_mapped(network: Any, z: torch.Tensor) -> Pictures:
    ws = network.truncation(network.mapping(z)["w"])
    return lambda: network.synthesis(ws, randomize_noise=False)["image"]


def _biggan() -> torch.nn.Module:
    made: torch.nn.Module = _module("BigGAN").Generator(
        G_ch=96, dim_z=120, resolution=128, shared_dim=128, hier=True, G_attn="64", BN_eps=1e-5, no_optim=True
    )
    return made


def _classed(network: Any, z: torch.Tensor) -> Pictures:
    y = network.shared(torch.zeros(len(z), dtype=torch.long))  # (n, 128)
    return lambda: network(z, y)


ORIGINALS = {
    "stylegan3-t 256 px": Original(
        "stylegan3", 256, lambda: _stylegan3(channel_base=16384), _pickled, _mapped, suffix=".pkl"
    ),
    "stylegan3-r 256 px": Original(
        "stylegan3",
        256,
        lambda: _stylegan3(channel_base=16384, conv_kernel=1, use_radial_filters=True),
        _pickled,
        _mapped,
        suffix=".pkl",
    ),
    **{
        f"stylegan {side} px": Original(
            "genforce",
            side,
            lambda side=side: _module("models.stylegan_generator").StyleGANGenerator(side),
            _averaged,
            _genforce_mapped,
        )
        for side in (256, 1024)
    },
    **{
        f"pggan {side} px": Original(
            "genforce",
            side,
            lambda side=side: _module("models.pggan_generator").PGGANGenerator(side),
            _averaged,
            lambda network, z: lambda: network(z)["image"],
        )
        for side in (256, 1024)
    },
    "biggan 128 px": Original(
        "biggan", 128, _biggan, lambda net, path: torch.save(net.state_dict(), path), _classed, z=120, classes=1000
    ),
}


def main(what: str, name: str, checkout: str, file: str, first: str = "") -> None:
    case, path = ORIGINALS[name], Path(file)
    z = torch.randn(1, case.z, generator=torch.Generator().manual_seed(1))
    if what == "ours":
        gan = sefa.load(path, device="cpu")
        codes = gan.encode(z, labels=[0] if case.classes else None)
        serve(lambda: gan.synthesize(codes), first)
        return
    sys.path.insert(0, checkout)
    torch.manual_seed(0)
    network = case.make().eval().requires_grad_(False)
    for parameter in network.parameters():
        if bool((parameter == parameter.flatten()[0]).all()):  # a trained one would not be: no noise, no variance
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    if what == "write":
        case.write(network, path)
    else:
        with torch.no_grad():
            serve(case.draw(network, z), first)


if __name__ == "__main__":
    main(*sys.argv[1:])
