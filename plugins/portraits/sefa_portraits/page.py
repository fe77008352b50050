"""Bring the page about the portraits up to date: `python -m sefa_portraits.page docs`.

Draws the pictures in `docs/images/portraits`, and writes the tables of `docs/portraits.md` that stand between marks,
from what the renderer, the generator and the predictor are now.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import torch
from PIL import Image, ImageDraw, ImageFont

from sefa_core.checkpoint import open_checkpoint
from sefa_core.files import whole_file
from sefa_core.loading import load
from sefa_portraits.factors import FACTORS, NAMES, sample
from sefa_portraits.predictor import WEIGHTS
from sefa_portraits.release import GENERATOR
from sefa_portraits.renderer import render
from sefa_portraits.sheets import sheet

PLAIN = (0.5, 0.5, 0.7, 0.6, 0.25, 0.65, 0.55, 0.0, 0.1, 0.5, 0.5, 0.4)
"""The portrait that the sweeps begin with, in the order of `NAMES`."""
STEPS = 9
LABEL = 112
"""Pixels to the left of a row, for its name."""


@click.command()
@click.argument("docs", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(docs: Path) -> None:
    """Draw the pictures and write the tables of DOCS/portraits.md."""
    page = docs / "portraits.md"
    text = page.read_text(encoding="utf-8")
    for name, image in {"factors": factors_sheet(), "sizes": sizes_sheet(), "drawn": drawn_sheet()}.items():
        with whole_file(docs / "images" / "portraits" / f"{name}.webp") as temporary:
            image.save(temporary, "WEBP", quality=90, method=6)
    with whole_file(page) as temporary:
        temporary.write_text(filled(text), encoding="utf-8")
    click.echo(page)


def filled(text: str) -> str:
    """The page with every table between marks as it should be now."""
    for name, table in tables().items():
        between = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", re.DOTALL)
        text = between.sub(f"\n{table}\n\n".replace("\\", r"\\"), text)
    return text


def tables() -> dict[str, str]:
    """The tables of the page by the name in their marks."""
    found = {"factors": _factors_table()}
    if WEIGHTS.exists():
        found["predictor"] = _predictor_table()
    if GENERATOR.exists():
        record = json.loads(GENERATOR.with_suffix(".json").read_text(encoding="utf-8"))
        found |= {"record": _record_table(record), "spread": _spread_table(record)}
    return found


def _factors_table() -> str:
    rows = [f"| `{factor.name}` | {factor.low} | {factor.high} | {factor.exact} |" for factor in FACTORS]
    return _table("| factor | 0 | 1 | sets |", rows)


def _predictor_table() -> str:
    header = open_checkpoint(WEIGHTS).metadata
    scores = json.loads(header["held_out"])
    rows = [
        f"| `{factor.name}` | {'accuracy' if factor.binary else 'R2'} | {scores[factor.name]:.4f} |"
        for factor in FACTORS
    ]
    return _table("| factor | score | on held-out renders |", rows)


def _record_table(record: dict[str, Any]) -> str:
    recipe, shape = record["recipe"], record["recipe"]["shape"]
    frechet = record["frechet"]
    rows = {
        "rendered pictures seen": f"{record['pictures']:,}",
        "time": f"{record['seconds'] / 3600:.1f} hours on {record['machine']}",
        "picture": f"{shape['size']} px",
        "latent": f"z and w of {shape['w_dim']} numbers, {shape['num_mappings']} layers of mapping",
        "channels": ", ".join(map(str, shape["channels"])) + ", from 4 px up",
        "batch, rate, R1, mixing": f"{recipe['batch']}, {recipe['rate']}, {recipe['r1']}, {recipe['mixing']}",
        "seed": str(recipe["seed"]),
        "file": f"{record['bytes']:,} bytes, {record['precision']}",
        "Frechet distance to renders": f"{frechet['generator']:.2f}, in the space of the predictor, "
        f"{frechet['samples']:,} pictures each",
        "the same between renders": f"{frechet['renders']:.2f}",
    }
    return _table("| of the run | is |", [f"| {name} | {value} |" for name, value in rows.items()])


def _spread_table(record: dict[str, Any]) -> str:
    return _table("| factor | spread |", [f"| `{name}` | {record['spread'][name]:.2f} |" for name in NAMES])


def _table(head: str, rows: list[str]) -> str:
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows])


def factors_sheet() -> Image.Image:
    """Every factor swept from 0 to 1, a row each, at 64 px."""
    rows = []
    for number, factor in enumerate(FACTORS):
        factors = torch.tensor(PLAIN).repeat(STEPS, 1)  # (steps, 12)
        factors[:, number] = torch.linspace(0, 1, STEPS)
        if factor.binary:
            factors = factors[[0, -1]]
        rows.append((factor.name, sheet(render(factors, 64), columns=STEPS, gap=4)))
    return _labelled(rows)


def sizes_sheet() -> Image.Image:
    """The same portraits at 32, 64 and 128 px."""
    factors = sample(5, seed=7)
    rows = []
    for size in (32, 64, 128):
        pictures = render(factors, size).repeat_interleave(128 // size, dim=2).repeat_interleave(128 // size, dim=3)
        rows.append((f"{size} px", sheet(pictures, columns=5, gap=4)))  # (5, 3, 128, 128)
    return _labelled(rows)


def drawn_sheet() -> Image.Image:
    """Renders of random factors above pictures that the generator draws, none of them chosen."""
    rows = [("rendered", sheet(render(sample(33, seed=11), 64), columns=11))]
    if GENERATOR.exists():
        gan = load(GENERATOR, device="cpu")
        rows.append(("generated", sheet(gan.synthesize(gan.sample(seeds=range(55))), columns=11)))
    return _labelled(rows)


def _labelled(rows: list[tuple[str, Image.Image]]) -> Image.Image:
    """Sheets below each other, the name of each to its left."""
    gap = 6
    width = LABEL + max(row.width for _, row in rows)
    image = Image.new("RGB", (width, sum(row.height + gap for _, row in rows) - gap), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=15)
    top = 0
    for name, row in rows:
        image.paste(row, (LABEL, top))
        pen.text((4, top + row.height / 2), name, fill=(40, 40, 48), font=font, anchor="lm")
        top += row.height + gap
    return image


if __name__ == "__main__":
    main()
