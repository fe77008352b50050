"""Which other ways to find directions does `sefa factorize` offer, and how are their options read?"""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from sefa_core.cli.options import FINITE, Command
from sefa_core.errors import SefaError
from sefa_core.methods import METHODS, options

TOLD = "sefa_core.methods"
"""Where a context keeps what the user said about the method."""


class Box(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """`0.3,0.5,0.7,0.8` as four numbers; whether they make a box is for the method to say."""

    name = "box"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        parts = str(value).split(",")
        if len(parts) != 4:
            self.fail(f"{value!r} is not left,top,right,bottom, such as 0.3,0.5,0.7,0.8.", param, ctx)
        return tuple(FINITE.convert(part.strip(), param, ctx) for part in parts)


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Only what the user said is told to the method, which knows its own defaults."""
    if option.name is not None and context.get_parameter_source(option.name) is not ParameterSource.DEFAULT:
        context.meta.setdefault(TOLD, {})[option.name] = value


def _option(*names: str, **settings: Any) -> Any:
    return click.option(*names, **settings, expose_value=False, callback=_keep)


def method_options(command: Command) -> Command:
    """How directions are found; what belongs to one method alone says so in its help."""
    added = [
        _option("--method", type=click.Choice(list(METHODS)), default="sefa", show_default=True, help="How to look."),
        _option("--samples", type=click.IntRange(1), help="Codes to draw, for methods that look at samples."),
        _option("--seed", type=click.IntRange(0), help="Seed of what is drawn."),
        _option("--class", "classes", multiple=True, help="Class of the samples; several are taken in turn."),
        _option("--of", type=click.Choice(["codes", "layers"]), help="pca: components of what."),
        _option("--shrinkage", type=FINITE, help="whitened: 0 takes the covariance as it is measured, 1 a sphere."),
        _option("--region", type=Box(), metavar="L,T,R,B", help="jacobian: left,top,right,bottom, each from 0 to 1."),
        _option("--ridge", type=FINITE, help="jacobian: the least change outside, in parts of the mean."),
        _option("--predictor", multiple=True, help="boundary: who tells attributes, named as for sefa evaluate."),
        _option("--attribute", "attributes", multiple=True, help="boundary: find these attributes alone."),
        _option("--without", multiple=True, help="boundary: an attribute that the directions are to leave as it is."),
        _option("--extremes", type=FINITE, help="boundary: part of the samples kept at either end of the scores."),
        _option("--batch", type=click.IntRange(1), help="Pictures made at a time."),
    ]
    for option in reversed(added):
        command = option(command)
    return command


def chosen(context: click.Context, *, k: int, preset: str, device: str | None) -> tuple[str, dict[str, Any]]:
    """The method that the command line asks for, and what it is told."""
    told = dict(context.meta.get(TOLD, {}))
    method = told.pop("method", "sefa")
    for name, parameter, value in (("k", "count", k), ("preset", "preset", preset)):
        if context.get_parameter_source(parameter) is not ParameterSource.DEFAULT:
            told[name] = value
    if device is not None and not context.params["measure"] and "classes" not in options(method):
        raise SefaError(f"device {device!r}: the method {method} needs none; leave --device out, or add --measure")
    return method, told
