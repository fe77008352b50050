"""How long is it from a checkpoint to its directions, and how much memory does it take? Whole processes, in turn.

    python -m benchmarks.discovery --peer ada=PATH --peer genforce=PATH --peer rosinality=PATH -o discovery.json

The network is a StyleGAN2 of config F for 1024 px, in the files of four programs, warm in the system's cache. Ours is
`sefa factorize FILE -o PACK`, which ends with a table on the screen, and the same in three lines of Python; rosinality
has a script for it; genforce's functions are called as its `sefa.py` does; of ada, users take the singular
vectors of what its loader gives. `import numpy` is what Python itself takes with the one package that all need.
"""

from __future__ import annotations

import argparse
import copy
import json
import pickle
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.process import run

SIDE = 1024
OURS, IN_PYTHON, FLOOR = "sefa", "sefa in Python", "import numpy"
PROGRAM = """\
import sys
import sefa_core as sefa
sefa.load(sys.argv[1]).factorize(layers="all").save_pretrained(sys.argv[2])
"""
SUFFIXES = {"rosinality": ".pt", "genforce": ".pth", "ada": ".pkl"}
"""Programs, and what their files are called."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH", help="ada, genforce or rosinality")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--networks", type=Path, default=Path("build/benchmarks"), help="where networks are kept")
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    peers = dict(peer.split("=", 1) for peer in given.peer)
    given.networks.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        jobs = commands(peers, given.side, given.networks, Path(name))
        for command in jobs.values():
            run(command)  # files into the cache, bytecode onto the disk
        runs: dict[tuple[str, str], list[dict[str, float]]] = {job: [] for job in jobs}
        order = list(jobs)
        for number in range(given.rounds):
            turn = number % len(order)
            for job in order[turn:] + order[:turn]:
                runs[job].append(run(jobs[job]))
    results = [summary(job, runs) for job in jobs]
    for result in results:
        print(result, flush=True)
    if given.output:
        given.output.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")


def commands(peers: dict[str, str], side: int, networks: Path, out: Path) -> dict[tuple[str, str], list[str]]:
    """By the end of the file's name and the program, what is run."""
    found = {("", FLOOR): [sys.executable, "-c", "import numpy"]}
    files = {".safetensors": written(side, networks, OURS, "")}
    for name, suffix in SUFFIXES.items():
        if name in peers:
            files[suffix] = written(side, networks, name, str(Path(peers[name]).resolve()))
    for suffix, file in files.items():
        pack = out / f"pack{suffix}"
        ours = ["factorize", str(file), "--layers", "all", "-o", str(pack)]
        found[suffix, OURS] = [sys.executable, "-m", "sefa_core", *ours]
        found[suffix, IN_PYTHON] = [sys.executable, "-c", PROGRAM, str(file), f"{pack}-2"]
    for name, suffix in SUFFIXES.items():
        if name in peers:
            found[suffix, name] = theirs(name, Path(peers[name]).resolve(), files[suffix], out)
    return found


def theirs(name: str, checkout: Path, file: Path, out: Path) -> list[str]:
    if name == "rosinality":
        script = checkout / "closed_form_factorization.py"
        return [sys.executable, "-W", "ignore", str(script), "--out", str(out / "factor.pt"), str(file)]
    told = [name, str(checkout), str(file), str(out / f"{name}.npy")]
    return [sys.executable, "-W", "ignore", "-m", "benchmarks.discovery_peer", *told]


def written(side: int, networks: Path, program: str, checkout: str) -> Path:
    """The network in the file of a program, made where it is not there yet, in a process of its own."""
    suffix = SUFFIXES.get(program, ".safetensors")
    path = networks / (f"stylegan2-f-{side}{suffix}")
    if not path.exists():
        told = [program, checkout, str(side), str(networks), str(path)]
        subprocess.run([sys.executable, "-W", "ignore", "-c", WRITER, *told], check=True)
    return path


WRITER = "import sys; from benchmarks.discovery import write; write(*sys.argv[1:])"


def write(program: str, checkout: str, side: str, networks: str, path: str) -> None:
    """As the program publishes its networks: the averaged generator, for ada beside what it was trained with."""
    import torch
    from safetensors.torch import load_file

    from benchmarks.network import saved
    from benchmarks.peers import ada_module, genforce_module, rosinality_module

    tensors = load_file(saved(int(side), Path(networks)))
    if program == OURS:
        return
    make: dict[str, Any] = {"ada": ada_module, "genforce": genforce_module, "rosinality": rosinality_module}
    made = make[program](Path(checkout), tensors, int(side))
    if program == "ada":
        trained, critic = copy.deepcopy(made), copy.deepcopy(made)  # a discriminator is about as large
        with Path(path).open("wb") as file:
            pickle.dump({"G": trained, "D": critic, "G_ema": made, "training_set_kwargs": None}, file)
    elif program == "genforce":
        torch.save({"generator_smooth": made.state_dict()}, path)
    else:
        torch.save({"g_ema": made.state_dict(), "latent_avg": tensors["mean"]}, path)


def summary(job: tuple[str, str], runs: dict[tuple[str, str], list[dict[str, float]]]) -> dict[str, Any]:
    def median(what: str) -> float:
        return statistics.median(one[what] for one in runs[job])

    def over(other: tuple[str, str]) -> str:
        pairs = zip(runs[job], runs.get(other, ()), strict=False)
        found = [one["wall"] / two["wall"] for one, two in pairs]
        return f"{statistics.median(found):.2f}x" if found else ""

    return {
        "file": job[0],
        "program": job[1],
        "wall, s": round(median("wall"), 3),
        "user, s": round(median("user"), 3),
        "most memory, MiB": round(median("rss"), 1),
        "times sefa": over((job[0], OURS)),
        "times import numpy": over(("", FLOOR)),
    }


if __name__ == "__main__":
    main()
