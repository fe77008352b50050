"""Can a distribution bring predictors and feature spaces of its own, by entry points alone?"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.conftest import REPOSITORY

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest itself needs it there

PORTRAITS = REPOSITORY / "plugins" / "portraits"


def test_names_of_another_distribution_are_found_and_broken_ones_told(tmp_path: Path) -> None:
    (tmp_path / "moods.py").write_text("def predict(images):\n    return {'mood': images.mean(dim=(1, 2, 3))}\n")
    about = tmp_path / "moods-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: moods\nVersion: 1.0\n")
    points = "[sefa.predictors]\nmoods = moods:predict\nlost = moods:gone\n\n[sefa.features]\nflat = torch:flatten\n"
    (about / "entry_points.txt").write_text(points)
    program = (
        "import torch\n"
        "from sefa_core.errors import SefaError\n"
        "from sefa_core.evaluate.predictors import *\n"
        "print(names(PREDICTORS), names(FEATURES), features_named('flat') is torch.flatten)\n"
        "print(predictor_named(['moods'])(torch.ones(2, 3, 4, 4)))\n"
        "try: predictor_named(['lost'])\n"
        "except SefaError as problem: print(problem)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(tmp_path)])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed, found, problem = done.stdout.splitlines()
    assert "'faces', 'lost', 'moods', 'pixels'" in listed and "'colours', 'flat', 'inception'" in listed
    assert listed.endswith("True") and found == "{'mood': array([1., 1.])}"
    assert problem.startswith("predictor lost: cannot be loaded (AttributeError")


def test_the_portraits_bring_theirs() -> None:
    points = tomllib.loads((PORTRAITS / "pyproject.toml").read_text())["project"]["entry-points"]
    functions = {}
    for group in ("sefa.predictors", "sefa.features"):
        module, _, name = points[group]["portraits"].partition(":")
        functions[group] = getattr(pytest.importorskip(module), name)
    weights = importlib.import_module("sefa_portraits.predictor").WEIGHTS
    if not weights.exists():
        pytest.skip("the predictor's weights are not there yet")
    images = torch.zeros(2, 3, 64, 64)
    assert set(functions["sefa.predictors"](images)) == set(importlib.import_module("sefa_portraits.factors").NAMES)
    assert functions["sefa.features"](images).shape == (2, 128)
