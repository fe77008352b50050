"""By which matrix does z enter a DCGAN? The first transposed convolution, seen as `(channels * side * side, z)`."""

from __future__ import annotations

import numpy as np

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.interfaces import Declined, Layer, WeightExtractor
from sefa_dcgan.stack import Stack, find


def extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined:
    """The extractor, or why this is no DCGAN."""
    stack = find(checkpoint)
    if isinstance(stack, Declined):
        return stack
    first = stack.convolutions[0]
    crop = slice(first.padding, first.kernel - first.padding)  # a 1x1 input padded by p loses p pixels on each side
    side = first.kernel - 2 * first.padding

    def matrix(layer: Layer) -> np.ndarray:
        weight = stack.state.read(layer.name)[: stack.z_dim, :, crop, crop]  # (z, channels, side, side)
        return np.ascontiguousarray(weight.reshape(stack.z_dim, -1).T, dtype=np.float32)  # (out, z)

    layer = Layer(0, first.weight, first.outputs * side**2, stack.z_dim, resolution=stack.sides[0], kind="dense")
    return WeightExtractor(
        family="dcgan",
        dialect="sefa" if stack.converted else "pytorch",
        network=stack.network,
        resolution=stack.sides[-1],
        layers=(layer,),
        matrix=matrix,
        state=own_state(stack),
        config={"geometry": geometry(stack), "num_classes": stack.num_classes},
        channels=stack.convolutions[-1].outputs,
        options=frozenset({"num_classes", "geometry"}),
        notes=stack.notes,
    )


def own_state(stack: Stack) -> StateDict:
    """Tensors under our own names: `conv.<i>.weight`, `conv.<i>.bias`, `norm.<i>.weight`, `norm.<i>.running_mean`."""
    names = {}
    for index, convolution in enumerate(stack.convolutions):
        names[f"conv.{index}.weight"] = convolution.weight
        if convolution.bias is not None:
            names[f"conv.{index}.bias"] = convolution.bias
        for part, name in convolution.norm.items():
            names[f"norm.{index}.{part}"] = name
    return stack.state.renamed(names)


def geometry(stack: Stack) -> str:
    """Stride, padding and output padding of every layer, as `--geometry` takes them."""
    return ",".join(f"{c.stride}:{c.padding}:{c.output_padding}" for c in stack.convolutions)
