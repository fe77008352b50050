"""How many times faster than other programs are pictures made? Each draws in its own process, in turn, again and again.

    python -m benchmarks.synthesis --peer ada=PATH --peer genforce=PATH --peer rosinality=PATH -o synthesis.json

A round is one batch from every program, one after another; ratios are taken within a round, so that what else the
machine does falls on all alike, and their median is reported. Pictures must be equal before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from benchmarks.machine import machine, memory
from benchmarks.network import saved

CLOSE = 1e-4
"""How far float32 pictures may be from each other, in standard deviations."""
OURS = "sefa"
OF_MEMORY = 0.8
"""Share of the machine's memory that the programs may take together."""


@dataclass(frozen=True)
class Result:
    """What one program took for a batch."""

    side: int
    batch: int
    program: str
    dtype: str
    kept: bool
    """Freed memory is kept, by the same setting of the allocator in every program."""
    wall: float
    user: float
    system: float
    """Medians over the rounds, in seconds."""
    rss: float
    """The most memory that the process ever had, in MiB."""
    slower: float
    """Wall time over that of ours in float32; the median of the rounds."""
    slower_cpu: float
    """The same of user and system time."""
    error: float
    """The largest difference from our float32 pictures, in standard deviations."""
    typical: float
    """The root of the mean square of the differences, likewise."""


class Painter:
    """A program in its own process."""

    def __init__(self, program: str, dtype: str, module: str, *told: object) -> None:
        """`python -m MODULE TOLD... FILE` writes its first pictures into FILE and draws again for every line."""
        self.program, self.dtype = program, dtype
        self._first = tempfile.NamedTemporaryFile(suffix=".pt")  # noqa: SIM115  # lives as long as the process
        command = [sys.executable, "-W", "ignore", "-m", module, *map(str, told), self._first.name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.rounds: list[dict[str, float]] = []
        while (line := self._line()) != "ready":  # some programs print what they do
            print(line, file=sys.stderr)
        self.pictures: torch.Tensor = torch.load(self._first.name)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def draw(self) -> dict[str, float]:
        assert self._process.stdin is not None
        print("draw", file=self._process.stdin, flush=True)
        took: dict[str, float] = json.loads(self._line())
        self.rounds.append(took)
        return took

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.program}: the process ended with status {self._process.wait()}")
        return line.rstrip("\n")


def painter(program: str, folder: str, file: Path, side: int, batch: int, dtype: str, kept: bool) -> Painter:
    """A program that draws the common StyleGAN2."""
    memory = "kept" if kept else "plain"
    return Painter(program, dtype, "benchmarks.painter", program, folder, file, side, batch, dtype, memory)


def compared(
    peers: dict[str, str], file: Path, side: int, batch: int, dtypes: list[str], kept: bool, rounds: int
) -> list[Result]:
    """All programs at one size and batch."""
    programs = [(OURS, "", dtype) for dtype in dtypes] + [(name, folder, "float32") for name, folder in peers.items()]
    painters = [painter(name, folder, file, side, batch, dtype, kept) for name, folder, dtype in programs]
    return measured(side, batch, kept, painters, rounds)


def measured(
    side: int, batch: int, kept: bool, painters: list[Painter], rounds: int, close: float = CLOSE
) -> list[Result]:
    """What the programs took, in turns; the first is the measure of the others. They end here."""
    try:
        ours = painters[0]
        spread = float(ours.pictures.std())
        errors = [(one.pictures - ours.pictures) / spread for one in painters]
        for one, error in zip(painters, errors, strict=True):
            if one.dtype == "float32" and not float(error.abs().max()) <= close:
                raise SystemExit(f"{one.program}: its pictures differ by {float(error.abs().max()):.1e} deviations")
        for number in range(rounds):
            turn = number % len(painters)  # nobody is always the first, or behind the same other
            for one in painters[turn:] + painters[:turn]:
                one.draw()
    finally:
        for one in painters:
            one.close()
    return [
        Result(
            side=side,
            batch=batch,
            program=one.program,
            dtype=one.dtype,
            kept=kept,
            wall=_median(one.rounds, "wall"),
            user=_median(one.rounds, "user"),
            system=_median(one.rounds, "system"),
            rss=max(took["rss"] for took in one.rounds),
            slower=statistics.median(a["wall"] / b["wall"] for a, b in zip(one.rounds, ours.rounds, strict=True)),
            slower_cpu=statistics.median(
                (a["user"] + a["system"]) / (b["user"] + b["system"])
                for a, b in zip(one.rounds, ours.rounds, strict=True)
            ),
            error=float(error.abs().max()),
            typical=float(error.square().mean().sqrt()),
        )
        for one, error in zip(painters, errors, strict=True)
    ]


def roomy(peers: dict[str, str], results: list[Result], side: int, batch: int, limit: float) -> dict[str, str]:
    """The peers that fit into `limit` MiB side by side, the least first, as the memory for smaller batches tells."""
    needs = dict.fromkeys(peers, 0.0)
    for one in results:
        if one.side == side and one.program in needs:
            needs[one.program] = max(needs[one.program], one.rss * batch / one.batch)
    room = limit
    for name in sorted(peers, key=needs.__getitem__):
        room -= needs[name]
        if room < 0:
            gib = needs[name] / 1024
            print(f"{name}: left out at {side} px, batch {batch}; it would need {gib:.0f} GiB", flush=True)
            peers = {other: folder for other, folder in peers.items() if other != name}
    return peers


def _median(rounds: list[dict[str, float]], what: str) -> float:
    return statistics.median(took[what] for took in rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH", help="ada, genforce or rosinality")
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"], help="float32 first: it is the measure")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", type=Path, default=Path("build/benchmarks"), help="where networks are kept")
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    peers = dict(peer.split("=", 1) for peer in given.peer)
    given.networks.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    for side in given.sides:
        file = saved(side, given.networks)
        for batch in given.batches:
            for kept in (False, True):
                able = roomy(peers, results, side, batch, OF_MEMORY * memory())
                found = compared(able, file, side, batch, given.dtypes, kept, given.rounds)
                for result in found:
                    print(line(result), flush=True)
                results += found
                if given.output:  # after each case, so that an interrupted run leaves what it measured
                    record = {"machine": machine(), "results": [asdict(result) for result in results]}
                    given.output.write_text(json.dumps(record, indent=1) + "\n")


def line(result: Result) -> str:
    return (
        f"{result.side:5} px  batch {result.batch}  {'kept ' if result.kept else 'plain'}  {result.program:10} "
        f"{result.dtype:8}  {result.wall:7.3f} s  user {result.user:7.3f} s  {result.rss:6.0f} MiB  "
        f"{result.slower:5.2f}x  (cpu {result.slower_cpu:5.2f}x)  off by {result.error:.1e}"
    )


if __name__ == "__main__":
    main()
