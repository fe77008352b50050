"""What does a portrait look like? A head in a few dozen shapes, drawn as a pure function of its factors.

The head is an ellipsoid seen in parallel projection; a feature sits at an azimuth and an elevation on it and moves as
the head turns, so that yaw and pitch are angles and not mere shifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sefa_portraits.canvas import Canvas, View
from sefa_portraits.factors import NAMES

MOST_YAW = 0.6
"""Radians to each side."""
MOST_PITCH = 0.32
HEIGHT = 0.62
"""Half the height of the head, in half pictures."""
CHUNK = 16
"""Pictures painted at a time: few enough that they stay in the processor's cache."""


@dataclass(frozen=True)
class Head:
    """Where the head is and how it is turned; every number `(n, 1, 1)`."""

    x: torch.Tensor
    y: torch.Tensor
    width: torch.Tensor
    yaw: torch.Tensor
    pitch: torch.Tensor

    def place(self, azimuth: float, elevation: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """x, y and foreshortening of the point at two angles on the turned head; elevation counts downwards."""
        turned, raised = azimuth + self.yaw, elevation + self.pitch
        x = self.x + self.width * torch.sin(turned) * torch.cos(raised)
        return x, self.y + HEIGHT * torch.sin(raised), torch.cos(turned).clamp(min=0.2)


@dataclass(frozen=True)
class Colours:
    """Colours `(n, 3, 1, 1)`."""

    skin: torch.Tensor
    hair: torch.Tensor
    brows: torch.Tensor
    background: torch.Tensor
    shirt: torch.Tensor


def render(factors: torch.Tensor, size: int = 64) -> torch.Tensor:
    """Portraits `(n, 3, size, size)` float32 from -1 to 1 of `factors (n, 12)` from 0 to 1, on the factors' device.

    Raises `ValueError` when `factors` has another shape or the size is not from 16 to 512.
    """
    if factors.ndim != 2 or factors.shape[1] != len(NAMES):
        raise ValueError(f"factors have shape {tuple(factors.shape)}; they must be (n, {len(NAMES)})")
    if not 16 <= size <= 512:
        raise ValueError(f"size {size}: must be from 16 to 512")
    pictures = torch.empty(len(factors), 3, size, size, device=factors.device)
    chunk = CHUNK if factors.device.type == "cpu" else 4096
    for start in range(0, len(factors), chunk):
        pictures[start : start + chunk] = _render(factors[start : start + chunk].float(), size)
    return pictures.mul_(2.0).sub_(1.0)


def _render(factors: torch.Tensor, size: int) -> torch.Tensor:
    value = {name: factors[:, i, None, None] for i, name in enumerate(NAMES)}  # each (n, 1, 1)
    colours = _colours(value)
    yaw, pitch = (value["yaw"] - 0.5) * (2 * MOST_YAW), (value["pitch"] - 0.5) * (2 * MOST_PITCH)
    head = Head(0.10 * yaw, 0.12 * pitch - 0.04, 0.44 + 0.16 * value["face_width"], yaw, pitch)
    canvas = Canvas(colours.background, size)
    _behind(canvas, head, colours, value["hair_length"])
    _body(canvas, head, colours)
    _face(canvas, head, colours, value["light"])
    _lines(canvas, head, colours, value["age"])
    _nose(canvas, head, colours)
    _mouth(canvas, head, value["smile"])
    for side in (-1, 1):
        _eye(canvas, head, colours, side, value["eyes"])
    _fringe(canvas, head, colours)
    _glasses(canvas, head, value["glasses"])
    return canvas.pixels


def _colours(value: dict[str, torch.Tensor]) -> Colours:
    skin = _mixed(value["skin"], (0.98, 0.84, 0.73), (0.38, 0.23, 0.16))
    hair = _mixed(value["hair_colour"], (0.10, 0.08, 0.09), (0.93, 0.76, 0.38))
    hair = torch.lerp(hair, _fixed(hair, (0.78, 0.78, 0.80)), 0.55 * value["age"][:, None])
    hue = value["background"]
    background = torch.where(  # teal to blue-violet to pink, in two straight pieces
        (hue < 0.5)[:, None],
        _mixed(hue * 2, (0.42, 0.78, 0.74), (0.56, 0.60, 0.92)),
        _mixed(hue * 2 - 1, (0.56, 0.60, 0.92), (0.95, 0.62, 0.74)),
    )
    return Colours(skin, hair, hair * 0.6, background, background * 0.45)


def _mixed(part: torch.Tensor, low: tuple[float, ...], high: tuple[float, ...]) -> torch.Tensor:
    """`part (n, 1, 1)` of the way between two colours: `(n, 3, 1, 1)`."""
    first, last = (part.new_tensor(colour)[None, :, None, None] for colour in (low, high))
    return first + part[:, None] * (last - first)


def _fixed(like: torch.Tensor, colour: tuple[float, ...]) -> torch.Tensor:
    return like.new_tensor(colour)[None, :, None, None]  # (1, 3, 1, 1)


def _behind(canvas: Canvas, head: Head, colours: Colours, length: torch.Tensor) -> None:
    """The hair behind the head: a cap, and two falls of it whose length is a factor; ears lie over it."""
    view = canvas.view()
    dark = colours.hair * 0.82
    x, top = head.x - 0.10 * head.yaw, head.y - 0.10
    view.paint(view.ellipse(x, top, head.width + 0.13, HEIGHT + 0.12), dark)
    fall = 0.08 + 0.72 * length
    lower = canvas.view((-1.0, 1.0, -0.35, 1.0))
    middle = top + fall / 2  # from the middle of the head down
    rounded = lower.box(x, middle, head.width + 0.05, fall / 2).clamp_(min=-0.08) - 0.08
    lower.paint(rounded, dark)
    for side in (-1, 1):
        ear_x, ear_y, _ = head.place(side * 1.5, 0.02)
        ears = canvas.view((-0.9, 0.9, -0.4, 0.45))
        ears.paint(ears.ellipse(ear_x, ear_y, 0.075, 0.13), colours.skin * 0.86)


def _body(canvas: Canvas, head: Head, colours: Colours) -> None:
    view = canvas.view((-1.0, 1.0, 0.3, 1.0))
    view.paint(view.box(head.x * 0.5, 0.75, 0.19, 0.4), colours.skin * 0.78)
    view.paint(view.ellipse(0.0, 1.22, 0.82, 0.46), colours.shirt)
    view.paint(view.ellipse(head.x * 0.3, 0.77, 0.21, 0.10), colours.skin * 0.78)


def _face(canvas: Canvas, head: Head, colours: Colours, light: torch.Tensor) -> None:
    """An oval with a narrower chin, shaded as a sphere would be by a light from one side."""
    view = canvas.view((-0.8, 0.8, -0.8, 0.85))
    across, down = (view.x - head.x) / head.width, (view.y - head.y) / HEIGHT  # (n, 1, w), (n, h, 1)
    narrowing = 1.0 + 0.16 * down.clamp(min=0.0).square()  # (n, h, 1)
    flat = (across * narrowing).square_().add_(down.square())  # (n, h, w)
    shade = (across * (light - 0.5)).mul_(0.9).add_(0.90)  # (n, 1, w)
    shade = shade + 0.12 * (1.0 - flat).clamp_(min=0.0)  # (n, h, w)
    distance = flat.sqrt_().sub_(1.0).mul_(head.width)
    view.paint(distance, (colours.skin * shade[:, None]).clamp_(0.0, 1.0))


def _lines(canvas: Canvas, head: Head, colours: Colours, age: torch.Tensor) -> None:
    """Folds beside the mouth, under the eyes and on the forehead, stronger with age."""
    view = canvas.view((-0.8, 0.8, -0.75, 0.75))
    dark = colours.skin * 0.52
    for elevation in (-0.52, -0.40):
        x, y, _ = head.place(0.0, elevation)
        view.paint(view.arc(x, y, head.width * 0.42, -0.02, 0.022), dark, opacity=0.75 * age)
    for side in (-1, 1):
        x, y, near = head.place(side * 0.42, 0.10)
        view.paint(view.arc(x, y, 0.11 * near, -0.035, 0.022), dark, opacity=0.75 * age)
        x, y, near = head.place(side * 0.50, 0.46)
        slant = side * 0.30 * (view.y - y)  # (n, h, 1)
        view.paint(view.box(x + slant, y, 0.013, 0.11), dark, opacity=0.75 * age)


def _nose(canvas: Canvas, head: Head, colours: Colours) -> None:
    view = canvas.view((-0.65, 0.65, -0.4, 0.6))
    x, y, _ = head.place(0.0, 0.22)
    tip = x + 0.08 * torch.sin(head.yaw)  # it stands out from the face
    bridge, _, _ = head.place(0.0, -0.05)
    along = ((y - view.y) / 0.24).clamp(0.0, 1.0)  # (n, h, 1)
    ridge = tip + (bridge - tip) * along
    view.paint(view.box(ridge, y - 0.10, 0.022, 0.12), colours.skin * 0.80, opacity=0.7)
    view.paint(view.ellipse(tip, y, 0.075, 0.055), colours.skin * 0.72)


def _mouth(canvas: Canvas, head: Head, smile: torch.Tensor) -> None:
    view = canvas.view((-0.7, 0.7, 0.0, 0.72))
    x, y, near = head.place(0.0, 0.55)
    mood = smile * 1.5 - 0.5  # (n, 1, 1), below 0 the corners hang
    half, bend, gape = (0.17 + 0.07 * smile) * near, 0.13 * mood, 0.16 * mood.clamp(min=0.0)
    across = ((view.x - x) / half).square()  # (n, 1, w)
    middle = y + bend * 0.5 - bend * across
    opening = 0.5 * gape * (1.0 - across).clamp_(min=0.0)
    sides = (across.sqrt() - 1.0) * half
    lips = torch.maximum((view.y - middle).abs_() - (opening + 0.030), sides)
    view.paint(lips, _fixed(x[:, None], (0.70, 0.20, 0.24)))
    teeth = torch.maximum((view.y - middle).abs_() - (opening - 0.008), sides + 0.03)
    view.paint(teeth, _fixed(x[:, None], (0.98, 0.97, 0.94)))


def _eye(canvas: Canvas, head: Head, colours: Colours, side: int, openness: torch.Tensor) -> None:
    view = canvas.view((-0.8, 0.5, -0.6, 0.5) if side < 0 else (-0.5, 0.8, -0.6, 0.5))
    x, y, near = head.place(side * 0.44, -0.10)
    width, height = 0.135 * near, 0.022 + 0.075 * openness
    white, dark = _fixed(x[:, None], (0.98, 0.98, 0.97)), _fixed(x[:, None], (0.10, 0.09, 0.12))
    opening = view.ellipse(x, y, width, height)
    view.paint(opening - 0.022, colours.skin * 0.42)  # lids
    view.paint(opening, white)
    pupil = view.ellipse(x + 0.05 * torch.sin(head.yaw), y, 0.062 * near.sqrt(), 0.068)
    view.paint(torch.maximum(pupil, opening), dark)
    lift = y - height - 0.085
    view.paint(view.arc(x, lift, 0.15 * near, -0.035, 0.05), colours.brows)


def _fringe(canvas: Canvas, head: Head, colours: Colours) -> None:
    """Hair over the forehead: the part of a cap above a line that turns with the head."""
    view = canvas.view((-0.85, 0.85, -0.95, 0.35))
    cap = view.ellipse(head.x, head.y - 0.03, head.width + 0.06, HEIGHT + 0.09)
    part, brow, _ = head.place(0.25, -0.62)
    hairline = brow + 0.22 * ((view.x - part) / head.width).square()  # (n, 1, w)
    view.paint(torch.maximum(cap, view.y - hairline), colours.hair)


def _glasses(canvas: Canvas, head: Head, wears: torch.Tensor) -> None:
    wears = (wears > 0.5).float()
    for side in (-1, 1):
        view = canvas.view((-0.85, 0.6, -0.6, 0.55) if side < 0 else (-0.6, 0.85, -0.6, 0.55))
        frame = _fixed(wears[:, None], (0.13, 0.12, 0.16))
        x, y, near = head.place(side * 0.44, -0.08)
        _frame(view, x, y, near, frame, wears)
    view = canvas.view((-0.6, 0.6, -0.5, 0.4))
    x, y, near = head.place(0.0, -0.10)
    view.paint(view.box(x, y, 0.07 * near, 0.02), frame, opacity=wears)


def _frame(
    view: View, x: torch.Tensor, y: torch.Tensor, near: torch.Tensor, colour: torch.Tensor, wears: torch.Tensor
) -> None:
    view.paint(view.ring(x, y, 0.195 * near, 0.165, 0.045), colour, opacity=wears)
