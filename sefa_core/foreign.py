"""What if a family's own code fails, or answers nonsense? One line that names the family, and the cause chained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.interfaces import Codes, Features, LatentSpace, Layer, Stage, Synthesizer, WeightExtractor

if TYPE_CHECKING:
    import numpy as np
    import torch

FOREIGN = (Exception, SystemExit)
"""What code that is not ours may raise and must not end the program with."""


class PluginError(SefaError):
    """A family broke the agreement with the core: its code failed, or its answer is not what was asked for."""


def shown(problem: BaseException) -> str:
    """A foreign exception in one line."""
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}".rstrip(": ")


@contextmanager
def guarded(who: str, doing: str) -> Iterator[None]:
    """Foreign code runs inside; whatever it raises becomes a `PluginError`.

    What it says itself as a `SefaError` passes, and so does want of memory, which is nobody's mistake.
    """
    try:
        yield
    except SefaError:
        raise
    except FOREIGN as problem:
        if out_of_memory(problem):
            raise
        raise PluginError(
            f"{who}: {doing} failed ({shown(problem)}); the checkpoint is unusual or damaged, or the plugin has a bug: "
            "tell its authors"
        ) from problem


NO_MEMORY = ("allocate memory", "bad_alloc")


def out_of_memory(problem: BaseException) -> bool:
    """Whether a picture did not fit; torch says so in its own words, and on a CPU by a plain RuntimeError."""
    return (
        isinstance(problem, MemoryError)
        or type(problem).__name__ == "OutOfMemoryError"
        or (
            isinstance(problem, RuntimeError) and any(sign in str(problem) for sign in ("allocate memory", "bad_alloc"))
        )
    )


def refuse(who: str, what: str) -> PluginError:
    """The error for an answer that is not what the agreement says."""
    return PluginError(f"{who}: {what}; the plugin has a bug: tell its authors")


def weights_problem(answer: WeightExtractor, family: str) -> str | None:
    """What is wrong with an extractor, as the end of a sentence that begins with the plugin; None: nothing."""
    if answer.family != family:
        return f"its extractor is of the family {answer.family!r}, its entry point is called {family!r}"
    if not answer.layers:
        return "its extractor has no layers"
    if [layer.index for layer in answer.layers] != list(range(len(answer.layers))):
        return f"its layers are numbered {[layer.index for layer in answer.layers]}, not from 0 in their order"
    if len({layer.dim for layer in (*answer.layers, *answer.side_layers)}) != 1:
        return "its layers differ in the width of the latent that they read"
    if answer.resolution < 1 or answer.channels < 1:
        return f"its pictures have {answer.channels} channels of {answer.resolution} px"
    return None


def checked_weights(answer: WeightExtractor, who: str) -> WeightExtractor:
    """The extractor with a `matrix` that answers what its layers declare, or raises `PluginError`."""

    def matrix(layer: Layer) -> np.ndarray:
        with guarded(who, f"reading the matrix of layer {layer.index} ({layer.name})"):
            found = answer.matrix(layer)  # (out, dim)
        shape = getattr(found, "shape", None)
        if shape != (layer.out, layer.dim):
            raise refuse(who, f"the matrix of layer {layer.index} is {shape}, declared {(layer.out, layer.dim)}")
        return found

    return replace(answer, matrix=matrix)


def checked_space(answer: object, weights: WeightExtractor, who: str) -> LatentSpace:
    """The answer to `sefa_latent_space`, or `PluginError` where it is none or does not fit the layers."""
    if not isinstance(answer, LatentSpace):
        raise refuse(who, f"sefa_latent_space gave {type(answer).__name__}, not a LatentSpace")
    if len(answer.layer_rows) != len(weights.layers):
        raise refuse(who, f"layer_rows has {len(answer.layer_rows)} entries for {len(weights.layers)} layers")
    if answer.dim != weights.layers[0].dim:
        raise refuse(who, f"the space is {answer.dim} wide, its layers read {weights.layers[0].dim}")
    return answer


class GuardedSynthesizer(Synthesizer):
    """A family's synthesizer whose failures name the family, and whose answers have the shapes that were agreed."""

    def __init__(self, make: Callable[[], object], space: LatentSpace, weights: WeightExtractor, who: str) -> None:
        with guarded(who, "building the network"):
            made = make()
        if not isinstance(made, Synthesizer):
            raise refuse(who, f"sefa_synthesizer gave {type(made).__name__}, not a Synthesizer")
        self._own, self._space, self._weights, self._who = made, space, weights, who
        self.value_range = made.value_range

    @property
    def own(self) -> Synthesizer:
        return self._own

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        with guarded(self._who, "encode"):
            rows = self._own.encode(z, labels)
        return self._shaped(rows, "encode", (len(z), self._space.num_rows, self._space.dim))  # (n, rows, dim)

    def synthesize(self, codes: Codes) -> torch.Tensor:
        with guarded(self._who, "synthesize"):
            images = self._own.synthesize(codes)
        return self._shaped(images, "synthesize", (len(codes), self._weights.channels, None, None))  # (n, C, H, W)

    def mean(self, labels: torch.Tensor | None) -> torch.Tensor | None:
        with guarded(self._who, "mean"):
            mean = self._own.mean(labels)
        if mean is None:
            return None
        many = getattr(mean, "ndim", 1) == 2
        return self._shaped(mean, "mean", (None, self._space.dim) if many else (self._space.dim,))

    def cast(self, dtype: torch.dtype) -> Synthesizer | None:
        with guarded(self._who, "cast"):
            made = self._own.cast(dtype)
        return None if made is None else GuardedSynthesizer(lambda: made, self._space, self._weights, self._who)

    def discriminator(self) -> Features | None:
        with guarded(self._who, "reading the discriminator"):
            features = self._own.discriminator()
        if features is None:
            return None

        def looked(images: torch.Tensor) -> tuple[torch.Tensor, ...]:
            with guarded(self._who, "the discriminator"):
                maps = features(images)
            return tuple(self._shaped(one, "the discriminator", (len(images), None, None, None)) for one in maps)

        return looked

    @property
    def stages(self) -> tuple[Stage, ...]:
        with guarded(self._who, "stages"):
            return self._own.stages

    def advance(self, state: tuple[torch.Tensor, ...], codes: Codes, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        with guarded(self._who, "advance"):
            after = self._own.advance(state, codes, start, stop)
            side = self._own.stages[stop - 1].side
        if side is not None:
            self._shaped(after[-1], "advance", (len(codes), self._weights.channels, side, side))
        return after

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        with guarded(self._who, "layer_output"):
            outputs = self._own.layer_output(index, codes)
        return self._shaped(outputs, "layer_output", (len(codes), self._weights.layers[index].out))  # (n, out)

    def _shaped(self, answer: object, method: str, wanted: tuple[int | None, ...]) -> torch.Tensor:
        import torch

        if not isinstance(answer, torch.Tensor):
            raise refuse(self._who, f"{method} gave {type(answer).__name__}, not a tensor")
        got = tuple(answer.shape)
        if len(got) != len(wanted) or any(w is not None and g != w for g, w in zip(got, wanted, strict=True)):
            text = " x ".join("any" if size is None else str(size) for size in wanted)
            raise refuse(self._who, f"{method} gave {' x '.join(map(str, got)) or 'one number'}, declared {text}")
        return answer
