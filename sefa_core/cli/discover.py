"""`sefa discover`: the main job, from a checkpoint to a page on which one sees what its directions do."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.options import (
    check_output,
    chosen_labels,
    code_options,
    layer_options,
    open_source,
    seeds_text,
    source_options,
    usual_truncation,
)


@click.command("discover")
@source_options
@layer_options
@click.option("-k", "count", type=click.IntRange(1), default=8, show_default=True, help="How many directions.")
@click.option("--steps", type=click.IntRange(3), default=9, show_default=True, help="Strengths per direction, odd.")
@click.option("--reach", type=float, help="Go from -REACH to REACH instead of over each direction's own range.")
@code_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder for the report; NAME-directions by default."
)
def command(
    source: str,
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    layers: str | None,
    preset: str,
    count: int,
    steps: int,
    reach: float | None,
    seeds: tuple[int, ...],
    classes: tuple[str, ...],
    truncation: float | None,
    truncation_layers: int | None,
    batch: int | None,
    device: str | None,
    output: Path | None,
) -> None:
    """Find directions and show what they do, as a page.

    Writes index.html, sheets/*.png and pack/ into the folder.

    \b
    Example:
      sefa discover digiface64 -o out
      sefa discover stylegan2-ffhq.pt --layers 0-1 --seeds 0-4,85 -o pose
    """
    import time

    from sefa_core.cli.progress import Bar
    from sefa_core.discover import Settings, command_line, discover

    if output is not None:
        check_output(output)
    begun = time.monotonic()
    gan = open_source(source, family, key, num_classes, geometry, device=device)
    output = output or Path(f"{gan.name}-directions")
    check_output(output)
    psi, rows = usual_truncation(gan, truncation, truncation_layers)
    labels = chosen_labels(gan, classes, len(seeds))
    settings = Settings(layers, count, preset, seeds, labels, steps, reach, psi, rows, batch)
    again = command_line(
        "discover",
        [
            ("", source, None),
            ("--family", family, None),
            ("--key", key, None),
            ("--num-classes", num_classes, None),
            ("--geometry", geometry, None),
            ("--layers", layers, None),
            ("--preset", preset, "genforce"),
            ("-k", count, 8),
            ("--steps", steps, 9),
            ("--reach", reach, None),
            ("--seeds", seeds_text(seeds), "0-4"),
            *(("--class", name, None) for name in classes),
            ("--truncation", truncation, None),
            ("--truncation-layers", truncation_layers, None),
            ("-o", output, None),
        ],
    )
    with Bar() as bar:
        pack = discover(gan, output, settings, command=again, progress=bar.step)
    page = (output / "index.html").resolve()
    click.echo(f"{len(pack)} direction{'s' * (len(pack) != 1)} of {gan.name} in {time.monotonic() - begun:.1f} s")
    click.echo(f"page  {page.as_uri()}")
    click.echo(f"pack  {output / 'pack'}")
