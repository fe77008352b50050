"""How a file comes out of a wheel: the user's own pip fetches the wheel, one member is taken out."""

from __future__ import annotations

import difflib
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError

if TYPE_CHECKING:
    from pathlib import Path

    from sefa_core.sources import Progress
    from sefa_core.sources.address import Wheel

_UNREACHABLE = ("connection broken", "failed to establish", "name resolution", "unable to connect", "proxyerror")


def take(wheel: Wheel, folder: Path, *, size: int | None, progress: Progress) -> Path:
    """Download the wheel into `folder`, write the member beside it, and return where."""
    progress(wheel.requirement, 0, None)  # pip says nothing while it works
    archive = _download(wheel, folder)
    target = folder / "member"
    try:
        with zipfile.ZipFile(archive) as opened:
            _extract(opened, wheel, target, size=size, progress=progress)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
        raise SefaError(f"{wheel}: {archive.name} is a damaged wheel ({problem}); fetch it again") from problem
    return target


def _download(wheel: Wheel, folder: Path) -> Path:
    # only data is wanted, so neither dependencies nor the wheel's Python matter; all else is the user's own setting
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-input"]
    command = [sys.executable, "-m", "pip", "download", *options, "-d", str(folder), wheel.requirement]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise SefaError(f"{wheel}: {_complaint(wheel, done.stdout + done.stderr)}")
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise SefaError(f"{wheel}: pip brought {len(wheels)} wheels where one was expected; check pip's settings")
    return wheels[0]


def _complaint(wheel: Wheel, output: str) -> str:
    if "No module named pip" in output:
        return f"this Python ({sys.executable}) has no pip to fetch it with; `{sys.executable} -m ensurepip` brings it"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    last = (errors or lines or ["it gave no reason"])[-1]
    if any(sign in output.lower() for sign in _UNREACHABLE):  # pip's last line would be "no matching distribution"
        return "pip could not reach a package index; check the network, the proxy and `pip config list`"
    return f"pip could not fetch {wheel.requirement} ({last}); check the name, the version and `pip config list`"


def _extract(opened: zipfile.ZipFile, wheel: Wheel, target: Path, *, size: int | None, progress: Progress) -> None:
    names = opened.namelist()
    if wheel.member not in names:
        close = difflib.get_close_matches(wheel.member, names, n=1, cutoff=0.0)
        raise SefaError(
            f"{wheel}: the wheel holds no {wheel.member!r} among its {len(names)} files"
            + (f"; the closest is {close[0]!r}" if close else "; choose another wheel")
        )
    declared = opened.getinfo(wheel.member).file_size
    if size is not None and declared != size:
        raise SefaError(f"{wheel}: the member has {declared} bytes, expected were {size}; the wheel is another one")
    done = 0
    with opened.open(wheel.member) as packed, target.open("wb") as file:
        while block := packed.read(1 << 20):  # zipfile stops at the declared size and checks the CRC
            done += file.write(block)
            progress(wheel.requirement, done, declared)
