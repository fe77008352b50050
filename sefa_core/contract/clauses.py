"""What must every family do? The agreement between core and family, clause by clause, on one checkpoint.

Each clause is a function that raises `BrokenError` where the family does not keep it; the first line of its docstring
is the clause. `sefa_core.testing.FamilyContract` runs them under pytest, `sefa check` without it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sefa_core.contract.staged import stops_and_goes_on
from sefa_core.contract.subject import SEEDS, BrokenError, Subject, close, expect, moved
from sefa_core.foreign import FOREIGN, shown
from sefa_core.interfaces import Declined
from sefa_core.loading import load
from sefa_core.plugins import HOOKS

if TYPE_CHECKING:
    import torch


DEVICE_TOLERANCE = 0.05
"""Of the spread of a picture, between devices: a GPU may round more coarsely in its convolutions."""

WITHOUT_TORCH = """
import sys
import sefa_core as sefa
gan = sefa.load(sys.argv[1])
gan.factorize(k=1)
gan.layers, gan.resolution, gan.space
sys.exit("torch was imported" if "torch" in sys.modules else 0)
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a clause: `reason` says why the family does not keep it, None that it does."""

    clause: str
    sentence: str
    reason: str | None


def run(subject: Subject) -> Iterator[Outcome]:
    """The outcome of each clause, one after another; where the checkpoint is not claimed, most are not tried."""
    stopped = False
    for clause in CLAUSES:
        reason = None
        if stopped:
            reason = "not tried, since the checkpoint cannot be opened"
        else:
            try:
                clause(subject)
            except BrokenError as problem:
                reason = str(problem)
            except FOREIGN as problem:
                reason = shown(problem)
            stopped = clause is claims_its_own and reason is not None
        yield Outcome(clause.__name__, (clause.__doc__ or "").split("\n")[0].rstrip("."), reason)


def registers_the_three_hooks(subject: Subject) -> None:
    """Registers exactly the three hooks."""
    manager = subject.families.manager
    callers = manager.get_hookcallers(manager.get_plugin(subject.family)) or []
    names = {caller.name for caller in callers}
    expect(
        names == HOOKS, f"it registers {', '.join(sorted(names)) or 'none'}, the hooks are {', '.join(sorted(HOOKS))}"
    )


def claims_its_own(subject: Subject) -> None:
    """Claims its own checkpoint, and no other installed family does."""
    expect(subject.gan.family == subject.family, f"the checkpoint is claimed by {subject.gan.family}")


def claims_no_other(subject: Subject) -> None:
    """Declines checkpoints of other families and other networks."""
    from sefa_core.checkpoint import open_checkpoint

    for path in subject.foreign:
        answer = subject.families.ask("sefa_weight_extractor", subject.family, checkpoint=open_checkpoint(path))
        expect(answer is None or isinstance(answer, Declined), f"it claims {path.name}, which is not of this family")


def declares_what_is_there(subject: Subject) -> None:
    """Declares the shapes that its matrices have."""
    gan = subject.gan
    expect(
        [layer.index for layer in gan.layers] == list(range(len(gan.layers))), "layers are not numbered in their order"
    )
    expect(len(gan.space.layer_rows) == len(gan.layers), "layer_rows has not one entry for each layer")
    for layer in (*gan.layers, *gan.weights.side_layers):
        matrix = gan.weights.matrix(layer)
        declared = (layer.out, gan.space.dim)
        expect(matrix.shape == declared == (layer.out, layer.dim), f"{layer.name} is {matrix.shape}, not {declared}")
        expect(matrix.dtype == np.float32, f"the matrix of {layer.name} is {matrix.dtype}, not float32")
        expect(bool(np.isfinite(matrix).all()), f"the matrix of {layer.name} holds NaN or infinite values")
    for name, indices in gan.weights.groups.items():
        expect(set(indices) <= set(range(len(gan.layers))), f"group {name} names layers that are not there")
    json.dumps(gan.weights.config)  # raises where a value is none of JSON's


def needs_no_torch_for_directions(subject: Subject) -> None:
    """Finds weights and space without importing torch."""
    command = [sys.executable, "-c", WITHOUT_TORCH, subject.source]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    expect(process.returncode == 0, (process.stderr.strip().splitlines() or ["the process failed"])[-1])


def computes_with_its_matrices(subject: Subject) -> None:
    """Changes each layer's output by `gain * A (w1 - w0)`.

    So axis order, gains and the layer-to-row map cannot be wrong.
    """
    gan, codes = subject.gan, subject.codes
    step = np.random.RandomState(7).randn(gan.space.dim).astype(np.float32)  # (dim,)
    for layer in gan.layers:
        row = gan.space.layer_rows[layer.index]
        rows = codes.rows.clone()
        rows[:, row] += rows.new_tensor(step)  # (n, rows, dim)
        before = gan.synthesizer.layer_output(layer.index, codes)  # (n, out)
        after = gan.synthesizer.layer_output(layer.index, replace(codes, rows=rows))
        expected = gan.weights.gain * gan.weights.matrix(layer) @ step  # (out,)
        wanted = np.broadcast_to(expected, (len(codes), layer.out))
        close((after - before).detach().numpy(), wanted, f"layer {layer.index} ({layer.name})")


def reads_the_rows_it_declares(subject: Subject) -> None:
    """Lets a row reach no layer but those that read it, and each of those."""
    gan, codes = subject.gan, subject.codes
    for row in range(gan.space.num_rows):
        other = moved(codes, row)
        for layer in gan.layers:
            before = gan.synthesizer.layer_output(layer.index, codes)
            changed = not before.equal(gan.synthesizer.layer_output(layer.index, other))
            reads = gan.space.layer_rows[layer.index] == row
            expect(changed == reads, f"row {row} {'changes' if changed else 'does not change'} layer {layer.index}")


def shows_every_row(subject: Subject) -> None:
    """Changes the picture with every row that a layer reads."""
    gan, codes = subject.gan, subject.codes
    original = gan.synthesize(codes)
    for row in sorted(set(gan.space.layer_rows)):
        expect(not gan.synthesize(moved(codes, row)).equal(original), f"row {row} changes no picture")


def makes_the_declared_pictures(subject: Subject) -> None:
    """Makes finite float32 pictures of the declared size and range."""
    gan = subject.gan
    images = gan.synthesize(subject.codes)
    wanted = (len(SEEDS), gan.weights.channels, gan.resolution, gan.resolution)
    expect(tuple(images.shape) == wanted, f"pictures are {tuple(images.shape)}, declared {wanted}")
    expect(str(images.dtype) == "torch.float32", f"pictures are {images.dtype}")
    gan.pixels(images)
    for low, high in zip(*(np.atleast_1d(bound) for bound in gan.synthesizer.value_range), strict=True):
        expect(low < high, f"value_range runs from {low} to {high}")


def shifts_by_zero_to_itself(subject: Subject) -> None:
    """Changes nothing when shifted by zero, and adds shifts up."""
    gan, codes, direction = subject.gan, subject.codes, subject.gan.factorize(k=1)[0]
    expect(direction.shift(codes, 0.0).rows.equal(codes.rows), "a shift by 0 changes the code")
    same = gan.synthesize(direction.shift(codes, 0.0)).equal(gan.synthesize(codes))
    expect(same, "a shift by 0 changes the picture")
    twice = direction.shift(direction.shift(codes, 1.5), -0.5)
    close(twice.rows.numpy(), direction.shift(codes, 1.0).rows.numpy(), "shifts by 1.5 and -0.5 against one by 1")
    expect(not gan.synthesize(direction.shift(codes, 3.0)).equal(gan.synthesize(codes)), "a shift by 3 changes nothing")


def is_the_same_in_every_batch(subject: Subject) -> None:
    """Makes the same pictures alone, together and in another order."""
    gan, codes = subject.gan, subject.codes
    together = gan.synthesize(codes, batch=len(codes)).numpy()
    close(gan.synthesize(codes, batch=1).numpy(), together, "alone against together")
    backward = gan.synthesize(codes[[2, 1, 0]], batch=len(codes)).numpy()
    close(backward[::-1], together, "in another order")


def repeats_itself(subject: Subject) -> None:
    """Makes the same bytes from the same seed."""
    first, second = subject.gan, subject.again()
    codes = second.sample(SEEDS)
    expect(codes.rows.equal(subject.codes.rows), "the same seeds give other codes")
    expect(first.synthesize(subject.codes).equal(second.synthesize(codes)), "the same seeds give other pictures")
    expect(first.synthesize(subject.codes).equal(first.synthesize(subject.codes)), "a second picture differs")


def respects_dtype_and_device(subject: Subject) -> None:
    """Works in float32 on the device that it is given, whatever torch's defaults are."""
    import torch

    expected = subject.gan.synthesize(subject.codes).numpy()
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        close(_pictures(subject, "cpu").numpy(), expected, "with float64 as torch's default")
    finally:
        torch.set_default_dtype(before)
    if torch.cuda.is_available():
        close(_pictures(subject, "cuda").cpu().numpy(), expected, "cuda against cpu", DEVICE_TOLERANCE)


def passes_gradients(subject: Subject) -> None:
    """Lets gradients flow from pictures to codes."""
    codes = subject.codes
    rows: torch.Tensor = codes.rows.clone().requires_grad_()
    subject.gan.synthesize(replace(codes, rows=rows)).square().mean().backward()  # type: ignore[no-untyped-call]
    found = rows.grad is not None and bool(rows.grad.isfinite().all()) and bool(rows.grad.any())
    expect(found, "the gradient is missing, zero or not finite")


def gets_its_packs_back(subject: Subject) -> None:
    """Gets a saved pack back equal."""
    from sefa_core.pack import DirectionPack

    pack = subject.gan.measure(subject.gan.factorize(k=3))
    expect(all(direction.range is not None for direction in pack), "a direction has no range")
    back = DirectionPack.from_pretrained(pack.save_pretrained(subject.folder / "pack"))
    expect(back == pack, "the pack that was read is not the one that was saved")


def survives_conversion(subject: Subject) -> None:
    """Makes the same pictures, to the bit, from the file that `sefa convert` writes."""
    from sefa_core.convert import convert

    gan = subject.gan
    path = convert(gan, subject.folder / "converted.safetensors")
    converted = load(str(path), device="cpu", families=subject.families)
    expect(converted.family == gan.family, f"the converted file is claimed by {converted.family}")
    expect(converted.fingerprint == gan.fingerprint, "the converted file holds other matrices")
    expect(converted.space == gan.space, f"the converted file has the space {converted.space}, not {gan.space}")
    same = converted.synthesize(converted.sample(SEEDS)).equal(gan.synthesize(subject.codes))
    expect(same, "the converted file makes other pictures")


CLAUSES: tuple[Callable[[Subject], None], ...] = (
    registers_the_three_hooks,
    claims_its_own,
    claims_no_other,
    declares_what_is_there,
    needs_no_torch_for_directions,
    computes_with_its_matrices,
    reads_the_rows_it_declares,
    shows_every_row,
    makes_the_declared_pictures,
    shifts_by_zero_to_itself,
    is_the_same_in_every_batch,
    stops_and_goes_on,
    repeats_itself,
    respects_dtype_and_device,
    passes_gradients,
    gets_its_packs_back,
    survives_conversion,
)
"""The whole agreement, in the order in which it is checked."""


def _pictures(subject: Subject, device: str) -> torch.Tensor:
    """Pictures of a fresh generator, after a look at the types and devices on the way."""
    gan = subject.again(device)
    codes = gan.sample(SEEDS)
    images = gan.synthesize(codes)
    for what, tensor in (("codes", codes.rows), ("pictures", images)):
        expect(str(tensor.dtype) == "torch.float32", f"{what} are {tensor.dtype}")
        expect(tensor.device.type == device, f"{what} are on {tensor.device}, not on {device}")
    return images
