"""What does the network do, one after another? Between any two steps it can stop and go on."""

from __future__ import annotations

from typing import Literal

from sefa_core.interfaces import Stage
from sefa_stylegan2.model import Plan

Step = tuple[Literal["conv", "block", "rgb"], int]
"""A convolution, the residual block of a resolution, or the toRGB of one; convolutions and resolutions have numbers."""


def steps(plan: Plan) -> tuple[Step, ...]:
    """The steps of a network in their order."""
    if plan.architecture == "resnet":
        return (("conv", 0), *(("block", j) for j in range(1, plan.num_convs // 2 + 1)), ("rgb", plan.rgbs[-1]))
    order: list[Step] = []
    for i in range(plan.num_convs):
        order.append(("conv", i))
        if i % 2 == 0 and i // 2 in plan.rgbs:
            order.append(("rgb", i // 2))
    return tuple(order)


def stage(step: Step) -> Stage:
    """The rows of w that a step reads, and the side of the picture behind it."""
    kind, number = step
    if kind == "conv":
        return Stage(frozenset({number}))
    if kind == "block":
        return Stage(frozenset({2 * number - 1, 2 * number}))
    return Stage(frozenset({2 * number + 1}), 4 << number)  # the row of the convolution that follows
