"""`sefa inspect`: what is this file?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sefa_core.cli.options import json_option, open_source, source_options
from sefa_core.device import DTYPES

if TYPE_CHECKING:
    from sefa_core.generator import Generator


@click.command("inspect")
@source_options
@click.option("--why", is_flag=True, help="Tell instead what each installed family says of the file.")
@click.option(
    "--dtype", type=click.Choice(DTYPES[1:]), help="Draw four pictures, and tell how far this type takes them off."
)
@json_option
def command(
    source: str,
    family: str | None,
    key: str | None,
    num_classes: int | None,
    geometry: str | None,
    why: bool,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Tell what a checkpoint is.

    Container, family, resolution, latent space and layers, from the index of the file; no weights are read, unless
    --dtype asks for pictures.

    \b
    Example:
      sefa inspect netG_epoch_99.pth
      sefa inspect strange.pth --why
      sefa inspect stylegan2-ffhq.pt --dtype bfloat16
    """
    from sefa_core.cli.tables import print_facts, print_json, print_table

    if why:
        if family is not None:
            raise click.UsageError("--why asks every family; leave --family out")
        if dtype is not None:
            raise click.UsageError("--why draws no pictures; leave --dtype out")
        said = _opinions(source, key, num_classes, geometry)
        if as_json:
            print_json(said)
        else:
            print_table(("family", "says"), list(said.items()))
        return
    gan = open_source(source, family, key, num_classes, geometry)
    facts = describe(gan)
    if dtype is not None:
        from dataclasses import asdict

        from sefa_core.precision import precision

        lower = open_source(source, family, key, num_classes, geometry, dtype=dtype)
        facts["precision"] = asdict(precision(gan, lower))
    if as_json:
        print_json(facts)
        return
    latent = facts["latent"]
    print_facts(
        [
            ("name", facts["name"]),
            ("source", facts["source"]),
            ("origin", facts["origin"] if facts["origin"] != gan.fetched.public_source else None),
            ("file", f"{facts['container']}, {facts['size']:,} bytes, {facts['tensors']} tensors"),
            ("family", f"{facts['family']} ({facts['dialect']} dialect)"),
            ("network", facts["network"] or "top level"),
            ("others", ", ".join(facts["other_networks"]) or None),
            ("picture", f"{facts['resolution']} px, {facts['channels']} channel{'s' * (facts['channels'] != 1)}"),
            ("latent", f"{latent['name']}, {latent['dim']} wide, {latent['rows']} row{'s' * (latent['rows'] != 1)}"),
            ("classes", facts["classes"] or None),
            ("truncation", facts["truncation"] if facts["truncation"] != 1 else None),
            ("licence", _licence(facts)),
            ("noise", facts["noise"] if facts["noise"] != "none" else None),
            ("factorized", f"layers {facts['factorization']['layers']}, preset {facts['factorization']['preset']}"),
            ("usual", "; ".join(f"{name} {value}" for name, value in facts["usual"].items()) or None),
            ("precision", _precision(facts["precision"]) if dtype is not None else None),
            ("groups", "; ".join(f"{name} {layers}" for name, layers in facts["groups"].items()) or None),
        ]
    )
    print_table(
        ("layer", "row", "steers", "A", "kind", "tensor"),
        [
            (
                layer["index"],
                layer["row"],
                f"{layer['resolution']} px" if layer["resolution"] else None,
                f"{layer['shape'][0]} x {layer['shape'][1]}",
                layer["kind"],
                layer["name"],
            )
            for layer in facts["layers"]
        ],
    )
    for note in facts["notes"]:
        click.echo(f"note: {note}")


def _precision(found: dict[str, Any]) -> str:
    native = "native" if found["native"] else "not native here, and slower than float32"
    return (
        f"{found['dtype']} ({native}) is off by {found['typical']:.2g} standard deviations, by {found['largest']:.2g} "
        f"at most; {found['pictures']} pictures"
    )


def _opinions(source: str, key: str | None, num_classes: int | None, geometry: str | None) -> dict[str, str]:
    from sefa_core.checkpoint import LoadOptions, open_checkpoint
    from sefa_core.cli.progress import Bar
    from sefa_core.plugins import installed
    from sefa_core.sources import fetch
    from sefa_core.unclaimed import opinions

    with Bar() as bar:
        path = fetch(source, progress=bar.step).path
    return opinions(
        open_checkpoint(path, LoadOptions(key=key, num_classes=num_classes, geometry=geometry)), installed()
    )


def describe(gan: Generator) -> dict[str, Any]:
    """What `--json` prints."""
    from sefa_core.factorization import layers_used
    from sefa_core.layers import canonical, groups, select
    from sefa_core.presets import DEFAULT_PRESET

    weights, checkpoint, space = gan.weights, gan.checkpoint, gan.space
    used = select(weights.default, gan.layers, weights.groups)
    return {
        "name": gan.name,
        "source": gan.fetched.source,
        "path": str(checkpoint.path),
        "container": checkpoint.container,
        "size": checkpoint.size,
        "tensors": len(checkpoint.tensors),
        "family": gan.family,
        "dialect": weights.dialect,
        "network": weights.network,
        "other_networks": [name or "(top level)" for name in checkpoint.networks if name != weights.network],
        "resolution": gan.resolution,
        "channels": weights.channels,
        "latent": {"name": space.name, "dim": space.dim, "rows": space.num_rows, "z_dim": space.z_dim},
        "classes": space.num_classes,
        "truncation": space.truncation,
        "origin": gan.origin.source,
        "licence": gan.origin.licence,
        "non_commercial": gan.origin.non_commercial,
        "groups": {name: canonical(indices, -1) for name, indices in groups(gan.layers, weights.groups).items()},
        "noise": weights.noise,
        "factorization": {
            "layers": canonical(used, len(gan.layers)),
            "preset": DEFAULT_PRESET,
            "matrices": [layer.name for layer in layers_used(weights, used, DEFAULT_PRESET)],
        },
        "usual": _usual(gan),
        "layers": [
            {
                "index": layer.index,
                "row": space.layer_rows[layer.index],
                "name": layer.name,
                "shape": [layer.out, layer.dim],
                "kind": layer.kind,
                "resolution": layer.resolution,
            }
            for layer in gan.layers
        ],
        "notes": list(weights.notes),
    }


def _usual(gan: Generator) -> dict[str, Any]:
    """What people do with the family: layer groups as far as this model has them, strengths and truncation."""
    from sefa_core.layers import usual_groups
    from sefa_core.registry import load_registry

    known = load_registry().families.get(gan.family)
    if known is None:
        return {}
    usual: dict[str, Any] = {**usual_groups(known.layer_groups, gan.layers)}
    if known.strengths:
        usual["strengths"] = f"{known.strengths[0]:g} to {known.strengths[1]:g}"
    if known.truncation is not None:
        usual["truncation"] = known.truncation
    return usual


def _licence(facts: dict[str, Any]) -> str | None:
    if facts["non_commercial"]:
        return f"{facts['licence'] or 'not stated'} (non-commercial)"
    licence: str | None = facts["licence"]
    return licence
