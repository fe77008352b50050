"""How does a person explore a generator in a notebook? Sliders beside a picture that follows them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sefa_core.checks import finite, whole
from sefa_core.errors import SefaError
from sefa_core.pixels import to_png
from sefa_core.seeds import LIMIT

if TYPE_CHECKING:
    import torch

    from sefa_core.generator import Generator
    from sefa_core.interfaces import Codes
    from sefa_core.pack import DirectionPack

SHOWN = 8
"""Directions that get a slider unless a pack was made for it; more than a screen holds help nobody."""
PREVIEW = 128
REST = 0.35
"""Seconds without a movement after which the whole picture is made."""
WIDEST = 3.0
"""Ends of a slider whose direction has no range, likewise."""


class Explorer:
    """Sliders for the directions of a pack, and the edited picture. `codes` are what it shows."""

    def __init__(self, gan: Generator, pack: DirectionPack, seed: int, truncation: float | None) -> None:
        self._widgets = widgets = _ipywidgets()
        gan.check(pack)
        self._gan, self._pack = gan, gan.measure(pack)
        self._later: asyncio.TimerHandle | None = None
        self._resting = False  # while many sliders move at once
        self._picture = widgets.Image(
            format="png", layout={"width": "320px", "height": "320px", "object_fit": "contain"}
        )
        self._said = widgets.Label()
        psi = gan.space.truncation if truncation is None else finite(truncation, "truncation")
        whole(seed, "seed", 0, LIMIT - 1)
        self._rows = gan.space.truncation_rows if truncation is None else None
        self._seed = widgets.BoundedIntText(seed, min=0, max=LIMIT - 1, description="seed")
        self._psi = widgets.FloatSlider(psi, min=min(0, psi), max=max(1.5, psi), step=0.05, description="truncation")
        self._sliders = [self._slider(number) for number in range(len(self._pack))]
        still = widgets.Button(description="Reset", tooltip="All strengths to 0")
        still.on_click(lambda _: self.reset())
        for control in (self._seed, self._psi, *self._sliders):
            control.observe(lambda _: self._moved(), names="value")
        controls = widgets.VBox([widgets.HBox([self._seed, still]), self._psi, *self._sliders])
        self.widget = widgets.VBox([widgets.HBox([self._picture, controls]), self._said])
        self._whole()

    @property
    def strengths(self) -> dict[str, float]:
        """What is not 0, by the name of the direction or its number."""
        return {
            direction.name or str(number): slider.value
            for number, (direction, slider) in enumerate(zip(self._pack, self._sliders, strict=True))
            if slider.value
        }

    @property
    def codes(self) -> Codes:
        """The edited code, as `gan.synthesize` takes it."""
        rows = self._rows if self._psi.value < 1 else None
        codes = self._gan.sample([self._seed.value], truncation=self._psi.value, truncation_layers=rows)
        for direction, slider in zip(self._pack, self._sliders, strict=True):
            if slider.value:
                codes = direction.shift(codes, slider.value)
        return codes

    def reset(self) -> None:
        """All strengths to 0."""
        self._resting = True
        for slider in self._sliders:
            slider.value = 0.0
        self._resting = False
        self._moved()

    def _slider(self, number: int) -> Any:
        direction = self._pack[number]
        low, high = direction.range or (-WIDEST, WIDEST)
        name = direction.name or f"direction {number}"
        step = (high - low) / 120
        return self._widgets.FloatSlider(
            0.0, min=min(low, 0.0), max=max(high, 0.0), step=step, description=name, readout_format="+.2f"
        )

    def _moved(self) -> None:
        """A small picture at once where that is quicker, and the whole one when the hand rests."""
        if self._resting:
            return
        if self._later is not None:
            self._later.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a program without an event loop
            loop = None
        if loop is None or self._gan.resolution <= PREVIEW:
            self._whole()
            return
        self._show(lambda codes: self._gan.preview(codes, size=PREVIEW))
        self._later = loop.call_later(REST, self._whole)

    def _whole(self) -> None:
        self._show(self._gan.synthesize)

    def _show(self, draw: Callable[[Codes], torch.Tensor]) -> None:
        try:
            images = draw(self.codes)  # (1, C, H, W)
            picture = to_png(images[0], self._gan.synthesizer.value_range, self._gan.name)
        except SefaError as problem:
            self._said.value = str(problem)
            return
        self._picture.value = picture
        self._said.value = ", ".join(f"{name} {value:+.2f}" for name, value in self.strengths.items())

    def _repr_mimebundle_(self, **told: Any) -> Any:
        return self.widget._repr_mimebundle_(**told)


def explore(
    gan: Generator, pack: DirectionPack | None = None, *, seed: int = 0, truncation: float | None = None
) -> Explorer:
    """Sliders for every direction of `pack`, by default the strongest of the family's usual layers.

    Raises `SefaError` where ipywidgets is missing, and for a pack of another model.
    """
    _ipywidgets()
    return Explorer(gan, gan.factorize(k=SHOWN) if pack is None else pack, seed, truncation)


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ImportError as problem:
        missing = f"explore: needs {problem.name}, which is not installed"
        raise SefaError(f'{missing}; pip install "sefa-core[notebook]"') from problem
    return ipywidgets
