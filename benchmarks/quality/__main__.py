"""What does `make quality` do? It measures every method on both models and fills docs/comparison.md.

    python -m benchmarks.quality -o build/quality

What is finished is kept in the folder, so that an interrupted run goes on, and a second run only writes the page again.
`digiface64` needs the predictor `faces`; where it cannot run, its tables stay as they are, and that is said.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import sefa_core as sefa
from benchmarks.quality import cells, page, pictures
from sefa_core.cli.progress import Bar
from sefa_core.evaluate.heatmap import heat_map
from sefa_core.methods import METHODS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "comparison.md"
IMAGES = ROOT / "docs" / "images" / "comparison"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/quality"), help="where results are kept")
    parser.add_argument("--only", choices=("portraits64", "digiface64"), help="this model; the other stays as it is")
    given = parser.parse_args()
    for subject in (cells.PORTRAITS, cells.FACES):
        if given.only in (None, subject.model):
            try:
                _measure(subject, given.output / subject.model)
            except sefa.SefaError as problem:
                print(f"{subject.model}: not measured: {problem}", file=sys.stderr)


def _measure(subject: cells.Subject, folder: Path) -> None:
    gan = sefa.load(subject.model)
    results: dict[str, dict[str, Any]] = {}
    found: dict[str, dict[str, Any]] = {}
    with Bar() as bar:
        for method in METHODS:
            results[method] = cells.cell(gan, subject, method, folder, bar.step)
        for way in cells.WAYS if subject.searched else ():
            found[way] = cells.searched(gan, subject, way, folder, bar.step)
    model = subject.model
    text = PAGE.read_text(encoding="utf-8")
    text = page.put(text, f"{model}: quality", page.quality(results))
    text = page.put(text, f"{model}: singles", page.singles(results))
    text = page.put(text, f"{model}: costs", page.costs(results))
    page.save(IMAGES / f"{model}-frechet.svg", page.curve(results))
    for method in ("sefa", "whitened"):
        page.save(IMAGES / f"{model}-{method}.svg", heat_map(results[method]["record"]))
    if found:
        from sefa_portraits.factors import FACTORS

        names, binary = [factor.name for factor in FACTORS], [factor.name for factor in FACTORS if factor.binary]
        text = page.put(text, f"{model}: own", page.own(found, names, binary))
    for method in ("sefa", "whitened", "random"):
        pictures.method_sheet(gan, method, results[method], {"k": cells.K}, IMAGES / f"{model}-{method}.webp")
    page.save(PAGE, text)
    print(page.quality(results))
    if found:
        print(page.own(found, names, binary))
    print(f"{PAGE.relative_to(ROOT)}: the tables and pictures of {model} are those of this run")


if __name__ == "__main__":
    main()
