"""Which families are installed, which of them reads this checkpoint, and why the others do not."""

from __future__ import annotations

import fnmatch
import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import pluggy

from sefa_core import hookspecs
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined, LatentSpace, Synthesizer, WeightExtractor

if TYPE_CHECKING:
    from sefa_core.checkpoint import Checkpoint

GROUP = "sefa"
SWITCH = "SEFA_PLUGINS"
"""Environment variable: a comma-separated list of the only families to load ("" for none)."""


@dataclass(frozen=True)
class Plugin:
    """One entry of the group `sefa`: a family that works, or the reason why it does not."""

    family: str
    distribution: str
    version: str
    error: str | None = None


@dataclass
class Families:
    """The installed families. Build one with `installed()`; tests may build their own and register modules."""

    manager: pluggy.PluginManager
    plugins: list[Plugin] = field(default_factory=list)

    def names(self) -> list[str]:
        """Families that work, in alphabetical order."""
        return sorted(plugin.family for plugin in self.plugins if plugin.error is None)

    def register(self, family: str, load: Callable[[], object], *, distribution: str = "", version: str = "") -> None:
        """Load and check one family; a failure is recorded in `plugins` and disturbs nobody else."""
        error = None
        earlier = next((plugin for plugin in self.plugins if plugin.family == family), None)
        if earlier is not None:
            error = f"the name is already taken by {earlier.distribution or 'another plugin'}"
        else:
            try:
                module = load()
                self.manager.register(module, name=family)
                self._check(module)
            except (Exception, SystemExit) as problem:  # whatever a foreign module raises on import is its own fault
                if self.manager.has_plugin(family):
                    self.manager.unregister(name=family)
                error = f"{type(problem).__name__}: {' '.join(str(problem).split())}"
        self.plugins.append(Plugin(family, distribution, version, error))

    def _check(self, module: object) -> None:
        self.manager.check_pending()  # an unknown hook name is an error
        have = {caller.name for caller in self.manager.get_hookcallers(module) or ()}
        missing = sorted(HOOKS - have)
        if missing:
            raise SefaError(f"lacks the hook{'s' * (len(missing) > 1)} {', '.join(missing)}")

    def ask(self, hook: str, family: str, **arguments: object) -> Any:
        """Ask one family one hook, and nobody else."""
        others = [plugin for name, plugin in self.manager.list_name_plugin() if name != family and plugin is not None]
        answers = self.manager.subset_hook_caller(hook, others)(**arguments)
        return answers[0] if answers else None

    def claim(self, checkpoint: Checkpoint, family: str | None = None) -> WeightExtractor:
        """The extractor of the one family that reads `checkpoint`; `family` asks that one alone.

        Raises `SefaError` that lists who was asked and why each declined when nobody claims the
        checkpoint, and who claims it when several do.
        """
        if family is not None and family not in self.names():
            raise SefaError(self._unusable(family))
        claims: dict[str, WeightExtractor] = {}
        declined: dict[str, str] = {}
        unusable: list[SefaError] = []
        for name in [family] if family else self.names():
            try:
                answer = self.ask("sefa_weight_extractor", name, checkpoint=checkpoint)
            except SefaError as problem:  # recognised and found unusable
                unusable.append(problem)
                continue
            except Exception as problem:  # one broken family must not hide the others
                declined[name] = f"it failed ({type(problem).__name__}: {problem})"
                continue
            if isinstance(answer, WeightExtractor):
                claims[name] = answer
            else:
                declined[name] = answer.reason if isinstance(answer, Declined) else "it did not say"
        if len(claims) == 1:
            return next(iter(claims.values()))
        if claims:
            raise SefaError(
                f"{checkpoint.path.name}: claimed by {' and '.join(claims)}; choose one with --family (or family=...)"
            )
        if unusable:  # what the family that knows the file says is all that matters
            raise unusable[0]
        reasons = "; ".join(f"{name}: {reason}" for name, reason in declined.items())
        raise SefaError(
            f"{checkpoint.path.name}: no installed family reads this {checkpoint.container} file"
            + (f" ({reasons})" if reasons else "; no family is installed")
            + f"; {self._help(checkpoint)}"
        )

    def latent_space(self, checkpoint: Checkpoint, family: str) -> LatentSpace:
        answer: LatentSpace = self.ask("sefa_latent_space", family, checkpoint=checkpoint)
        return answer

    def synthesizer(self, checkpoint: Checkpoint, family: str, device: str) -> Synthesizer:
        answer: Synthesizer = self.ask("sefa_synthesizer", family, checkpoint=checkpoint, device=device)
        return answer

    def _unusable(self, family: str) -> str:
        from sefa_core.registry import load_registry

        broken = next((plugin for plugin in self.plugins if plugin.family == family and plugin.error), None)
        if broken is not None:
            return f"family {family!r} ({broken.distribution}) is broken: {broken.error}"
        known = load_registry().families.get(family)
        cure = f'pip install "sefa-core[{known.extra}]" brings it' if known else "check the name"
        return f"family {family!r} is not installed; there are: {', '.join(self.names()) or 'none'}; {cure}"

    def _help(self, checkpoint: Checkpoint) -> str:
        """What a person can do about a file that nobody claims."""
        from sefa_core.registry import load_registry

        absent = [known for name, known in load_registry().families.items() if name not in self.names()]
        would = [
            known
            for known in absent
            if known.name == checkpoint.metadata.get("family")
            or any(fnmatch.fnmatchcase(name, mark) for mark in known.marks for name in checkpoint.tensors)
        ]
        if would:
            cures = " or ".join(f'{known.distribution} (pip install "sefa-core[{known.extra}]")' for known in would)
            return f"its tensors are named as those that {cures} reads"
        broken = [plugin.family for plugin in self.plugins if plugin.error]
        if broken:
            return f"broken families were not asked: {', '.join(broken)} (sefa plugins tells why)"
        networks = ", ".join(name for name in checkpoint.networks[:5] if name)
        where = f" under {networks} (--key chooses one)" if networks else ""
        return f"it holds {len(checkpoint.tensors)} tensors{where}"


HOOKS = {name for name in vars(hookspecs) if name.startswith("sefa_")}


def new_manager() -> pluggy.PluginManager:
    """A plugin manager that knows the hook specs and no plugin."""
    manager = pluggy.PluginManager("sefa")
    manager.add_hookspecs(hookspecs)
    return manager


def discover(found: Iterable[EntryPoint]) -> Families:
    """Load the families behind entry points, one by one, each failure on its own."""
    families = Families(new_manager())
    for point in sorted(found, key=lambda point: (point.name, point.value)):
        distribution = point.dist
        families.register(
            point.name,
            point.load,
            distribution=distribution.name if distribution else "",
            version=distribution.version if distribution else "",
        )
    return families


@functools.cache
def installed() -> Families:
    """The families found through entry points of the group `sefa`, loaded at the first call."""
    found: Iterable[EntryPoint] = entry_points(group=GROUP)
    only = os.environ.get(SWITCH)
    if only is not None:
        wanted = {name.strip() for name in only.split(",")}
        found = [point for point in found if point.name in wanted]
    return discover(found)
