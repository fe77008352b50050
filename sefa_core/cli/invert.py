"""`sefa invert`: the code whose picture is most like a photograph, in a file that stands where seeds stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sefa_core.cli.options import FINITE, OUTPUT, check_output, json_option, open_source, source_options

if TYPE_CHECKING:
    from sefa_core.generator import Generator
    from sefa_core.invert import Inversion

POOR, FAR = 22.0, 1.25
"""Decibels below which a picture is another one, and how far beyond the usual distances edits begin to fail."""


@click.command("invert")
@source_options
@click.argument("picture", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=OUTPUT, help="The codes, ending in .safetensors; named after PICTURE by default.")
@click.option("--preview", type=OUTPUT, help="Also a PNG: what was looked for, and what the model makes of the code.")
@click.option("--space", help="z, w or w+; by default the one that comes nearest: w+ where there is one.")
@click.option(
    "--crop", default="centre", show_default=True, help="centre, whole, or X,Y,SIDE in pixels of the upright picture."
)
@click.option("--class", "label", help="Class of the picture, number or name; by default that of the best start.")
@click.option(
    "--steps",
    type=click.IntRange(1, 1_000_000),
    default=400,
    show_default=True,
    help="Looks at the network, at most; it ends where nothing is gained.",
)
@click.option(
    "--starts", type=click.IntRange(1, 100_000), default=256, show_default=True, help="Drawn codes to begin from."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of these codes.")
@click.option(
    "--near-mean",
    type=FINITE,
    default=0.3,
    show_default=True,
    help="How much a code counts that is far from the mean; more gives likelier pictures, less gives nearer ones.",
)
@click.option("--lpips/--no-lpips", default=None, help="Compare as an eye does; by default where the extra eval can.")
@click.option(
    "--discriminator/--no-discriminator",
    default=None,
    help="Compare what the file's discriminator sees; by default where there is one.",
)
@click.option("--device", help="cpu, cuda, cuda:1, ...; the GPU by default if there is one.")
@click.option("--fresh", is_flag=True, help="Begin again where an interrupted search could go on.")
@json_option
def command(
    source: str,
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    picture: Path,
    output: Path | None,
    preview: Path | None,
    space: str | None,
    crop: str,
    label: str | None,
    steps: int,
    starts: int,
    seed: int,
    near_mean: float,
    lpips: bool | None,
    discriminator: bool | None,
    device: str | None,
    fresh: bool,
    as_json: bool,
) -> None:
    """Find the code whose picture is most like a photograph.

    Writes it as safetensors, which render, discover and evaluate take wherever they take a seed. What is interrupted
    goes on where it was when the same command runs again. Faces must fill the picture as they do in those that the
    model draws: --crop says which part is meant.

    \b
    Example:
      sefa invert digiface64 me.jpg -o me.safetensors --preview me.png
      sefa invert ffhq.pkl me.jpg --crop 380,120,900 --space w
      sefa render digiface64 out/pack -d 0=2 --seeds me.safetensors -o edited.png
    """
    from sefa_core.cli.progress import Bar
    from sefa_core.cli.tables import print_facts, print_json
    from sefa_core.codes_file import save_codes
    from sefa_core.errors import SefaError
    from sefa_core.files import printable, unfinished
    from sefa_core.invert import invert, opened

    image = opened(picture)  # what is no picture is told before anything is fetched
    output = output or Path(f"{picture.stem}.safetensors")
    check_output(output, suffix=".safetensors")
    if preview is not None:
        check_output(preview, suffix=".png")
    for target in (output, preview):
        for given in (source, picture):
            if target is not None and target.exists() and Path(given).exists() and target.samefile(given):
                raise SefaError(f"{printable(target)}: would be written over what is read; choose another name with -o")
    gan = open_source(source, family, key, num_classes, geometry, device=device, pictures=True)
    labels = None if label is None else gan.class_numbers([label])
    partial = unfinished(output)
    with Bar() as bar:
        inversion = invert(
            gan,
            image,
            space,
            steps=steps,
            seed=seed,
            starts=starts,
            labels=labels,
            crop=crop,
            near_mean=near_mean,
            lpips=lpips,
            discriminator=discriminator,
            partial=partial,
            fresh=fresh,
            progress=bar.step,
        )
    save_codes(output, inversion.codes, gan, space=inversion.space, picture=picture.name, figures=inversion.figures)
    partial.unlink(missing_ok=True)
    if preview is not None:
        write_preview(preview, gan, inversion)
    if as_json:
        print_json({"codes": printable(output), "space": inversion.space, **inversion.figures})
        return
    low, high = inversion.usual
    print_facts(
        [
            ("codes", output),
            ("preview", preview),
            ("space", inversion.space),
            ("psnr", f"{inversion.psnr:.1f} dB"),
            ("ssim", f"{inversion.ssim:.3f}"),
            ("distance", f"{inversion.distance:.2f} (nine of ten that the model draws: {low:.2f} to {high:.2f})"),
            ("steps", f"{inversion.steps} of at most {steps}"),
            (
                "loss",
                _and("colours", "edges", inversion.lpips and "LPIPS", inversion.discriminator and "the discriminator"),
            ),
            ("note", note(inversion)),
        ]
    )


def _and(*parts: str | bool) -> str:
    """What is said of the parts that count, as one reads it aloud."""
    *others, last = [part for part in parts if isinstance(part, str)]
    return f"{', '.join(others)} and {last}"


def note(inversion: Inversion) -> str | None:
    """What a person should make of the figures; None where they are good."""
    if inversion.psnr < POOR:
        return "this model does not come near that picture; a --crop that is framed like the model's own may help"
    if inversion.distance > FAR * inversion.usual[1]:
        return "the code is far from those that the model draws, and edits may fall apart; try a larger --near-mean"
    return None


def write_preview(path: Path, gan: Generator, inversion: Inversion) -> None:
    """What was looked for beside what was found, as PNG."""
    import numpy as np
    from PIL import Image

    from sefa_core.files import whole_file

    pair = gan.pixels(inversion.target), gan.pixels(inversion.picture)  # (H, W, C) each
    with whole_file(path) as temporary:
        Image.fromarray(np.concatenate(pair, axis=1).squeeze()).save(temporary, format="PNG")
