"""`sefa compare`: how do two packs relate?"""

from __future__ import annotations

from pathlib import Path

import click

from sefa_core.cli.options import PACK, json_option


@click.command("compare")
@click.argument("first", type=PACK)
@click.argument("second", type=PACK)
@json_option
def command(first: str | Path, second: str | Path, as_json: bool) -> None:
    """Tell how the directions of two packs relate.

    For each direction of FIRST its match in SECOND, so that the matches are best all in all, with the cosine between
    the two; and the principal angles between what the packs span, 0 degrees where they share a direction.

    \b
    Example:
      sefa factorize digiface64 --preset paper -o paper
      sefa compare pack paper
    """
    from sefa_core.cli.tables import print_facts, print_json, print_table
    from sefa_core.pack import DirectionPack
    from sefa_core.pack.comparison import compare

    one, two = DirectionPack.from_pretrained(first), DirectionPack.from_pretrained(second)
    found = compare(one, two)
    same = one.model.fingerprint == two.model.fingerprint
    if as_json:
        print_json(
            {
                "packs": [str(first), str(second)],
                "same_model": same,
                "matches": [{"first": a, "second": b, "cosine": float(found.cosines[a, b])} for a, b in found.matches],
                "principal_angles": found.angles.tolist(),
                "cosines": found.cosines.tolist(),
            }
        )
        return
    models = f"both of {one.model.name}" if same else f"of two models, {one.model.name} and {two.model.name}"
    angles = ", ".join(f"{angle:.1f}" for angle in found.angles[:8]) + (", ..." if len(found.angles) > 8 else "")
    print_facts([("packs", f"{first} and {second}"), ("models", models), ("angles", f"{angles} degrees")])
    rows: list[tuple[object, ...]] = []
    matches = dict(found.matches)
    for number, direction in enumerate(one):
        match = matches.get(number)
        if match is None:
            rows.append((number, direction.name, None, "", None))
        else:
            rows.append(
                (number, direction.name, match, two[match].name, f"{round(found.cosines[number, match], 4) + 0.0:+.4f}")
            )
    print_table((f"# in {Path(first).name}", "name", f"# in {Path(second).name}", "name", "cosine"), rows)
