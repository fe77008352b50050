"""Does a network that can stop between its steps make the same pictures, and share what it may share?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sefa_core.contract.subject import Subject, close, expect, moved

if TYPE_CHECKING:
    import torch

State = tuple["torch.Tensor", ...]


def stops_and_goes_on(subject: Subject) -> None:
    """Makes the same pictures step by step, where it has steps, and reads no row before the step that declares it."""
    gan, codes = subject.gan, subject.codes
    network, stages = gan.synthesizer, gan.synthesizer.stages
    if not stages:
        return
    missing = set(gan.space.layer_rows) - {row for stage in stages for row in stage.rows}
    expect(not missing, f"no step reads the rows {sorted(missing)}, layers do")
    whole = gan.synthesize(codes)
    between: list[State] = [()]
    for step, stage in enumerate(stages):
        before = [part.clone() for part in between[-1]]
        between.append(network.advance(between[-1], codes, step, step + 1))
        kept = all(a.equal(b) for a, b in zip(before, between[step], strict=True))
        expect(kept, f"step {step} writes to the features that it was given")
        expect(all(len(part) == len(codes) for part in between[-1]), f"step {step} gives tensors without n first")
        if stage.side is not None:
            _shown(between[-1][-1], (len(codes), gan.weights.channels, stage.side, stage.side), step)
    close(between[-1][-1].numpy(), whole.numpy(), "step by step against whole")
    for row in sorted(set(gan.space.layer_rows)):
        edited = moved(codes, row)
        first = min(step for step, stage in enumerate(stages) if row in stage.rows)
        if first:
            same = network.advance((), edited, 0, first)
            equal = all(a.equal(b) for a, b in zip(same, network.advance((), codes, 0, first), strict=True))
            expect(equal, f"row {row} is read before step {first}, the first that declares it")
        shared = network.advance(between[first], edited, first, len(stages))[-1]
        close(shared.numpy(), gan.synthesize(edited).numpy(), f"row {row} edited from step {first} on, against whole")


def _shown(picture: torch.Tensor, wanted: tuple[int, ...], step: int) -> None:
    expect(tuple(picture.shape) == wanted, f"the picture after step {step} is {tuple(picture.shape)}, not {wanted}")
    expect(str(picture.dtype) == "torch.float32", f"the picture after step {step} is {picture.dtype}")
    expect(bool(picture.isfinite().all()), f"the picture after step {step} holds NaN or infinite values")
