"""How do measurements become tables of docs/performance.md? Each between two comments that name it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.plot import curves

Results = list[dict[str, Any]]


def written(page: str, found: dict[str, dict[str, Any]], images: Path) -> str:
    """`page` with what was found in its places; a place of which nothing was measured stays as it is."""
    for part, record in found.items():
        for name, table in TABLES.get(part, {}).items():
            page = _put(page, f"{part}: {name}", table(record["results"]))
        page = _put(page, f"{part}: machine", _machine(record["machine"]))
    if "growth" in found:
        images.joinpath("growth.svg").write_text(curves(found["growth"]["results"]))
    return page


def _put(page: str, place: str, text: str) -> str:
    marks = re.compile(rf"(<!-- {re.escape(place)} -->\n).*?(<!-- end -->)", re.DOTALL)
    return marks.sub(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page)


def _machine(machine: dict[str, Any]) -> str:
    native = ", ".join(machine["bfloat16"]) or "no native bfloat16"
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {native}; "
        f"{machine['system']}, Python {machine['python']}, torch {machine['torch']}, {machine['threads']} threads, "
        f"load {machine['load']} at the end; {str(machine['date'])[:10]}."
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ratios(kept: bool) -> Callable[[Results], str]:
    """Programs in columns, and how many times as long as ours in float32 each takes."""

    def table(results: Results) -> str:
        chosen = [result for result in results if result["kept"] == kept]
        programs = list(dict.fromkeys(_who(result) for result in chosen if _who(result) != "sefa"))
        rows = []
        for side, batch in dict.fromkeys((result["side"], result["batch"]) for result in chosen):
            here = {_who(one): one for one in chosen if (one["side"], one["batch"]) == (side, batch)}
            ratios = [f"{here[who]['slower']:.2f}x" if who in here else "" for who in programs]
            rows.append([f"{side} px, batch {batch}", f"{here['sefa']['wall']:.2f} s", *ratios])
        return _table(["", "sefa", *programs], rows)

    return table


def _details(results: Results) -> str:
    rows = [
        [
            f"{one['side']} px, batch {one['batch']}, {_who(one)}{', kept' if one['kept'] else ''}",
            f"{one['wall']:.3f}",
            f"{one['user']:.3f}",
            f"{one['system']:.3f}",
            f"{one['rss']:.0f}",
            f"{one['error']:.1e}",
        ]
        for one in results
    ]
    return _table(["", "wall, s", "user, s", "system, s", "most memory, MiB", "largest difference"], rows)


def _bfloat16(results: Results) -> str:
    rows = []
    for one in results:
        if one["dtype"] != "bfloat16" or one["kept"]:
            continue
        same = [other for other in results if all(other[key] == one[key] for key in ("side", "batch", "kept"))]
        against = {other["program"]: other for other in same if other["dtype"] == "float32"}
        ratios = [
            f"{against[name]['slower'] / one['slower']:.2f}x" if name in against else "" for name in ("sefa", "ada")
        ]
        case = f"{one['side']} px, batch {one['batch']}"
        rows.append([case, f"{one['wall']:.2f} s", *ratios, f"{one['typical']:.4f}", f"{one['error']:.3f}"])
    head = ["", "bfloat16", "our float32", "ada", "typical difference", "largest difference"]
    return _table(head, rows)


def _who(result: dict[str, Any]) -> str:
    return result["program"] if result["dtype"] == "float32" else f"{result['program']} {result['dtype']}"


def _growth(results: Results) -> str:
    rows = [[f"{one['grows']} {one['to']}", f"{one['wall']:.3f}", f"{one['rss']:.0f}"] for one in results]
    return _table(["", "wall, s", "most memory, MiB"], rows)


def _as_found(results: Results) -> str:
    """Every number under the name that the part gave it; the first column says what it is of."""
    names = list(dict.fromkeys(name for one in results for name in one))
    return _table(names, [[_text(one.get(name, "")) for name in names] for one in results])


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


TABLES: dict[str, dict[str, Callable[[Results], str]]] = {
    "synthesis": {"plain": _ratios(False), "kept": _ratios(True), "bfloat16": _bfloat16, "details": _details},
    "growth": {"table": _growth},
    "families": {"table": _as_found},
    "grids": {"table": _as_found},
    "discovery": {"table": _as_found},
    "scaling": {"table": _as_found},
}
