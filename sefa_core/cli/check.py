"""`sefa check`: does an installed family keep its agreement with the core?"""

from __future__ import annotations

import click

from sefa_core.cli.options import json_option


@click.command("check")
@click.argument("family")
@click.argument("checkpoint", required=False)
@json_option
def command(family: str, checkpoint: str | None, as_json: bool) -> None:
    """Check the contract of a family, clause by clause.

    On CHECKPOINT, a small one (a path, a registry name, an address), or on the example that the family's distribution
    offers. Exits with 1 if a clause is not kept. These are the tests of sefa_core.testing.FamilyContract; pytest is
    not needed.

    \b
    Example:
      sefa check demo
      sefa check demo checkpoint.pt
    """
    import tempfile
    from pathlib import Path

    from sefa_core.cli.tables import print_json
    from sefa_core.contract.clauses import run
    from sefa_core.contract.examples import example, strangers
    from sefa_core.contract.subject import Subject
    from sefa_core.errors import SefaError
    from sefa_core.plugins import installed

    families = installed()
    families.require(family)
    plugin = families.plugin(family)
    with tempfile.TemporaryDirectory(prefix="sefa-check-") as name:
        folder = Path(name)
        source = checkpoint or example(plugin, folder / "example")
        if source is None:
            raise SefaError(
                f"family {family!r}: {plugin.distribution} offers no example; sefa check {family} CHECKPOINT"
            )
        foreign = tuple(strangers(folder / "strangers", family))
        outcomes = []
        for outcome in run(Subject(family, str(source), folder / "work", foreign)):
            outcomes.append(outcome)
            if not as_json:
                state = "ok" if outcome.reason is None else "failed"
                click.echo(f"{state:8}{outcome.sentence}" + (f": {outcome.reason}" if outcome.reason else ""))
    failed = [outcome for outcome in outcomes if outcome.reason is not None]
    if as_json:
        print_json(
            {
                "family": family,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "checkpoint": checkpoint,
                "ok": not failed,
                "clauses": [
                    {"name": o.clause, "sentence": o.sentence, "ok": o.reason is None, "reason": o.reason}
                    for o in outcomes
                ],
            }
        )
    else:
        kept = f"{len(outcomes) - len(failed)} of {len(outcomes)} clauses"
        click.echo(f"{family}: keeps {kept}" + ("" if not failed else "; the docs page hooks.md tells what each means"))
    if failed:
        raise click.exceptions.Exit(1)
