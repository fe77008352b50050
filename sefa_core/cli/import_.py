"""`sefa import`: directions that another program published, as a pack."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.options import OUTPUT, check_output, json_option, open_source
from sefa_core.importers import LAYOUTS


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--for", "source", required=True, metavar="SOURCE", help="The generator that the directions belong to.")
@click.option("-o", "--output", type=OUTPUT, required=True, help="Folder of the pack.")
@click.option("--format", "layout", type=click.Choice(LAYOUTS), help="What FILE is, where its contents cannot tell.")
@click.option("--space", type=click.Choice(["z", "w"]), help="Where its vectors live, where FILE does not tell.")
@click.option("--layers", help="Which layers they move, in place of what FILE or its program says.")
@click.option("-k", "count", type=click.IntRange(1), help="Take only so many directions, from the first on.")
@click.option("--measure", is_flag=True, help="Also measure strength ranges that FILE does not give (uses torch).")
@click.option("--family", help="Ask this family alone to read SOURCE.")
@click.option("--key", help="Network of SOURCE to use, for example g instead of g_ema.")
@click.option("--num-classes", type=click.IntRange(0), help="Width of a label appended to z, where shapes cannot tell.")
@click.option("--geometry", help="Convolution geometry where shapes cannot tell, as stride:padding,...")
@click.option("--force", is_flag=True, help="Replace a pack whose names would be lost by it.")
@json_option
def command(
    file: Path,
    source: str,
    output: Path,
    layout: str | None,
    space: str | None,
    layers: str | None,
    count: int | None,
    measure: bool,
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make a pack of directions that another program published.

    FILE is read as safely as a checkpoint is. Files of GANSpace, InterFaceGAN, mddgan, ReSeFa, rosinality, dvschultz,
    mmgeneration, encoder4editing, StyleGAN-Human and GANLatentDiscovery are understood.

    \b
    Example:
      sefa import factor.pt --for stylegan2-ffhq.pt -o pack
      sefa import age_w_boundary.npy --format interfacegan --space w --for stylegan2-ffhq.pt -o pack
    """
    from sefa_core.cli.show import print_pack
    from sefa_core.importers import import_directions
    from sefa_core.report.former import keep_names

    check_output(output)
    gan = open_source(source, family, key, num_classes, geometry)
    pack = import_directions(file, gan, layout=layout, space=space, layers=layers, count=count)
    if measure:
        pack = gan.measure(pack)
    pack = keep_names(pack, output, force=force, say=lambda text: click.echo(text, err=True))
    pack.save_pretrained(output)
    print_pack(pack, output, as_json=as_json)
