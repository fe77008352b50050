"""Do workers of a real cluster of processes give what one process gives, whoever of them dies?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import sefa_core as sefa
from sefa_core.engine.kept import forget
from sefa_core.engine.pictures import grid, plain
from sefa_core.errors import SefaError
from sefa_core.evaluate.evaluation import evaluate
from sefa_core.evaluate.settings import Settings
from sefa_core.methods import find
from tests.conftest import GOLDEN, REPOSITORY

pytest.importorskip("ray", reason="the extra ray is not installed")

from sefa_core.engine.cluster import AHEAD, MOST_TRIES, RayEngine
from tests.engine.works import Counting, dying, refusing

SKIP = GOLDEN / "stylegan2_ada_skip_32" / "checkpoint.pkl"
SEFA = [sys.executable, "-m", "sefa_core"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Three processors of this machine, for all tests here."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    paths = os.pathsep.join([str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])])
    ray.init(
        address="local",
        num_cpus=3,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=2**27,
        runtime_env={"env_vars": {"PYTHONPATH": paths}},
    )
    yield
    ray.shutdown()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """What one process computes with several threads differs in the last digits, which workers do not."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_pictures_and_measures_are_the_same_whatever_the_number_of_workers(cluster: None, one_thread: None) -> None:
    gan = sefa.load(str(SKIP), device="cpu")
    pack, codes = gan.factorize(k=2), gan.sample(range(9))
    settings = Settings(("pixels",), seeds=tuple(range(40)), steps=3, controls=1, features="colours", samples=120)

    def everything(gan: sefa.Generator) -> list[object]:
        tiles = [(*place, pixels().tobytes()) for *place, pixels in grid(gan, codes, list(pack), [[-1, 0, 1]] * 2)]
        components = find(gan, "pca", k=2, samples=700)
        return [[one.tobytes() for one in plain(gan, codes)], tiles, evaluate(gan, pack, settings), components]

    alone = everything(gan)
    for workers in (1, 3):
        with RayEngine(workers) as engine:
            assert everything(gan.through(engine)) == alone


def test_the_part_of_a_killed_worker_is_done_again(cluster: None, tmp_path: Path) -> None:
    with RayEngine(workers=2) as engine:
        first, _ = engine.processes
        results = engine.each(Counting(tmp_path), range(24))
        found = [next(results) for _ in range(4)]
        os.kill(first, signal.SIGKILL)
        found += list(results)
        assert found == [number * number for number in range(24)]
        assert first not in engine.processes
    begun = {int(file.name): len(file.read_text()) for file in tmp_path.iterdir()}
    assert set(begun) == set(range(24)) and sum(begun.values()) in (24, 25, 26)


def test_work_that_kills_every_worker_ends_with_one_line(cluster: None) -> None:
    with RayEngine(workers=1) as engine, pytest.raises(SefaError, match=rf"{MOST_TRIES} workers died on the same part"):
        list(engine.each(dying, range(5)))


def test_what_a_worker_refuses_is_told_as_it_is(cluster: None, tmp_path: Path) -> None:
    with RayEngine(workers=1) as engine, pytest.raises(SefaError, match=r"^shard 0: is refused; take another$"):
        list(engine.each(refusing, range(5)))
    moved = tmp_path / "model.pkl"
    moved.write_bytes(SKIP.read_bytes())
    gan = sefa.load(moved, device="cpu")
    gan.synthesize(gan.sample([0]))
    with RayEngine(1) as engine:
        moved.unlink()
        with pytest.raises(SefaError, match="no such file"):
            list(plain(gan.through(engine), gan.sample([0])))


def test_more_workers_than_devices_are_refused(cluster: None) -> None:
    with pytest.raises(SefaError, match="the cluster has 3 processors for 4 workers"), RayEngine(workers=4):
        pass


def test_few_results_wait_however_many_there_are(cluster: None, tmp_path: Path) -> None:
    asked = 0

    def shards() -> Iterator[int]:
        nonlocal asked
        for number in range(60):
            asked += 1
            yield number

    with RayEngine(workers=2) as engine:
        for taken, _ in enumerate(engine.each(Counting(tmp_path), shards())):
            assert asked <= taken + 1 + AHEAD * 2
            time.sleep(0.01 * (taken % 3))


def test_an_interrupted_report_goes_on_with_what_was_finished(tmp_path: Path) -> None:
    """What was finished is taken and not made again: here it is replaced by black pictures, which then are shown."""
    words = ["discover", str(SKIP), "-k", "4", "--seeds", "0-15", "--engine", "ray", "--workers", "1"]
    words += ["--predictor", "none", "-o", str(tmp_path / "page")]
    partial = tmp_path / "page.partial"
    process = subprocess.Popen([*SEFA, *words], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=REPOSITORY)
    while process.poll() is None and len(list(partial.glob("*.npy"))) < 3:
        time.sleep(0.01)
    process.terminate()
    process.wait()
    assert not (tmp_path / "page").exists()
    first = np.load(partial / "0.npy")
    np.save(partial / "0.npy", first * 0)
    done = subprocess.run([*SEFA, *words], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 0, done.stderr
    assert not partial.exists()
    from PIL import Image

    with Image.open(tmp_path / "page" / "sheets" / "direction-00.png") as sheet:
        drawn = np.asarray(sheet)
    assert (drawn == 0).all(axis=2).mean() > 0.05  # four of sixteen samples are black


def test_other_work_and_other_files_are_not_mistaken(tmp_path: Path, cluster: None) -> None:
    gan = sefa.load(str(SKIP), device="cpu")
    kept = tmp_path / "kept"
    with RayEngine(1) as engine:
        shared = gan.through(engine)
        drawn = grid(shared, gan.sample(range(8)), [gan.factorize(k=1)[0]], [[0.0, 1.0]], kept=kept)
        next(drawn)
        assert len(list(kept.glob("*.npy"))) == 1
        codes = gan.sample(range(8, 12))
        np.testing.assert_array_equal(list(plain(shared, codes, kept=kept)), list(plain(shared, codes)))
        assert len(list(kept.glob("*.npy"))) == 1
        forget(kept)
        assert not kept.exists()
        kept.mkdir()
        (kept / "mine.txt").write_text("mine")
        with pytest.raises(SefaError, match="it holds other files"):
            list(plain(shared, gan.sample([0]), kept=kept))
        assert (kept / "mine.txt").exists()


def test_models_side_by_side_share_the_workers_and_leave_nothing(tmp_path: Path) -> None:
    sefa.load(str(SKIP)).factorize(k=2).save_pretrained(tmp_path / "pack")
    words = ["render", str(SKIP), str(tmp_path / "pack"), "--beside", str(SKIP), str(tmp_path / "pack"), "-d", "0"]
    words += ["-d", "1", "--seeds", "0-7", "--engine", "ray", "--workers", "2", "-o", str(tmp_path / "sheet.png")]
    done = subprocess.run([*SEFA, *words], capture_output=True, text=True, cwd=REPOSITORY, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"pack", "sheet.png"}


def test_what_kills_every_worker_can_have_a_stand_in(cluster: None) -> None:
    with RayEngine(1) as engine:
        found = list(engine.each(dying, range(5), instead=lambda shard, why: f"{shard}: {why}"))
    assert found[:2] + found[3:] == [0, 1, 3, 4] and str(found[2]).startswith("2: ray: 4 workers died")


def test_the_command_line_says_what_has_no_effect(tmp_path: Path) -> None:
    words = [*SEFA, "discover", str(SKIP), "--workers", "2", "-o", str(tmp_path / "x")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 2 and "--workers has no effect on --engine local" in done.stderr
    without = "import sys; sys.modules['ray'] = None; from sefa_core.cli import main; main()"
    words = [sys.executable, "-c", without, "discover", str(SKIP), "--engine", "ray", "-o", str(tmp_path / "x")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 1 and "sefa-core[ray]" in done.stderr and done.stderr.count("\n") == 1
    words = [
        *SEFA,
        "discover",
        str(SKIP),
        "--engine",
        "ray",
        "--workers",
        "1",
        "--device",
        "cpu",
        "-o",
        str(tmp_path / "x"),
    ]
    nowhere = {**os.environ, "RAY_ADDRESS": "127.0.0.1:1", "RAY_gcs_rpc_server_reconnect_timeout_s": "1"}
    done = subprocess.run(words, capture_output=True, text=True, cwd=REPOSITORY, check=False, env=nowhere)
    assert done.returncode == 1 and "no cluster at 127.0.0.1:1" in done.stderr.splitlines()[-1]
