"""`sefa ui`: explore, name, edit photographs and animate in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.options import PACK
from sefa_core.errors import SefaError

DEFAULT = "portraits64"
HERE = ("127.0.0.1", "localhost", "::1")
VARIABLE = "SEFA_PASSWORD"


@click.command("ui")
@click.argument("source", required=False)
@click.option("--pack", type=PACK, help="Begin with the directions of this pack.")
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Offer the checkpoints in this folder too.",
)
@click.option("--hub", is_flag=True, help="Let visitors open any repository of the Hub.")
@click.option(
    "--packs",
    "kept",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("packs"),
    show_default=True,
    help="Where packs are saved.",
)
@click.option("--host", default=HERE[0], show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=7860, show_default=True, help="0 takes a free one.")
@click.option("--share", is_flag=True, help="Make a public address through Gradio; needs a password.")
@click.option("--password", envvar=VARIABLE, help=f"Ask visitors for it; better given as {VARIABLE}.")
@click.option("--device", help="cpu, cuda, cuda:1, ...; the GPU by default if there is one.")
@click.option("--open", "browse", is_flag=True, help="Open a browser.")
@click.option("--export-space", type=click.Path(path_type=Path), help="Write a Hugging Face Space into this folder.")
def command(
    source: str | None,
    pack: str | Path | None,
    folders: tuple[Path, ...],
    hub: bool,
    kept: Path,
    host: str,
    port: int,
    share: bool,
    password: str | None,
    device: str | None,
    browse: bool,
    export_space: Path | None,
) -> None:
    """Explore a model in the browser: drag directions, name them, edit a photograph, make an animation.

    Without SOURCE it begins with portraits64. It listens on this machine alone unless --host or --share say otherwise;
    then nobody gets in without the password. Other models that it opens are those of the registry, of the --folder
    options, and with --hub those of the Hub.

    \b
    Example:
      sefa ui digiface64
      sefa ui ffhq.pkl --pack out/pack --folder checkpoints
      SEFA_PASSWORD=... sefa ui digiface64 --share
      sefa ui digiface64 --export-space my-space
    """
    from sefa_core.ui.space import export
    from sefa_core.ui.start import Start

    public = share or host not in HERE
    start = Start(source or DEFAULT, pack, folders, hub=hub, device=device)
    if export_space is not None:
        for line in export(start, export_space):
            click.echo(line)
        return
    if public and not password:
        raise SefaError(
            f"{'--share' if share else f'--host {host}'}: others could use this studio; "
            f"set a password with {VARIABLE} or --password"
        )
    from sefa_core.ui.start import serve

    serve(start, kept=kept, host=host, port=port, share=share, password=password, public=public, browse=browse)
