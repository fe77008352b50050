"""Which families are installed, which of them reads this checkpoint, and why the others do not."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from sefa_core import hookspecs
from sefa_core.agreement import OtherCoreError, check_requirements, check_stated
from sefa_core.errors import SefaError
from sefa_core.foreign import (
    FOREIGN,
    GuardedSynthesizer,
    checked_space,
    checked_weights,
    guarded,
    shown,
    weights_problem,
)
from sefa_core.interfaces import Declined, LatentSpace, Synthesizer, WeightExtractor
from sefa_core.unclaimed import unclaimed

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
    module: str = ""
    """What the entry point names, for example "sefa_mygan"."""

    @property
    def title(self) -> str:
        """The family with its distribution, for people who wonder what to remove."""
        return f"{self.family} ({self.distribution})" if self.distribution else self.family


@dataclass
class Families:
    """The installed families. Build one with `installed()`; tests may build their own and register modules."""

    manager: pluggy.PluginManager
    plugins: list[Plugin] = field(default_factory=list)

    def names(self) -> list[str]:
        """Families that work, in alphabetical order."""
        return sorted(plugin.family for plugin in self.plugins if plugin.error is None)

    def register(
        self,
        family: str,
        load: Callable[[], object],
        *,
        distribution: str = "",
        version: str = "",
        module: str = "",
        requires: Iterable[str] = (),
    ) -> None:
        """Load and check one family; a failure is recorded in `plugins` and disturbs nobody else.

        `requires` is what the distribution depends on; one that requires another core is not even imported. A plugin
        that does not work holds no name.
        """
        error = None
        earlier = next((plugin for plugin in self.plugins if plugin.family == family and plugin.error is None), None)
        if earlier is not None:
            error = f"the name is already taken by {earlier.distribution or 'another plugin'}; remove one of the two"
        else:
            try:
                check_requirements(requires)
                found = load()
                check_stated(found)
                self.manager.register(found, name=family)
                self._check(found)
            except FOREIGN as problem:  # whatever a foreign module raises on import is its own fault
                if self.manager.has_plugin(family):
                    self.manager.unregister(name=family)
                error = str(problem) if isinstance(problem, SefaError | OtherCoreError) else shown(problem)
        self.plugins.append(Plugin(family, distribution, version, error, module))

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

    def plugin(self, family: str) -> Plugin:
        """The plugin of a family, the one that works where several carry the name."""
        named = [plugin for plugin in self.plugins if plugin.family == family]
        return min(named, key=lambda plugin: plugin.error is not None, default=Plugin(family, "", ""))

    def require(self, family: str) -> None:
        """Raise `SefaError` unless the family is installed and works."""
        if family not in self.names():
            raise SefaError(self._unusable(family))

    def greedy(self) -> dict[str, str]:
        """Families that claim or fail on a file that is nobody's, and what they did; the others decline it."""
        from sefa_core.checkpoint import Checkpoint, LoadOptions, StateDict, TensorInfo

        def read(name: str) -> Any:
            raise SefaError(f"{name}: read by a hook that is to read no tensor")

        tensors = StateDict({"weight": TensorInfo((1,), "float32", 4)}, read)
        nobodys = Checkpoint(Path("nobody's"), "safetensors", 4, LoadOptions(), tensors, networks=("",))
        found = {}
        for name in self.names():
            try:
                answer = self.ask("sefa_weight_extractor", name, checkpoint=nobodys)
            except FOREIGN as problem:
                found[name] = f"fails on files that are not its own ({shown(problem)})"
                continue
            if answer is not None and not isinstance(answer, Declined):
                found[name] = "claims every file"
        return found

    def claim(self, checkpoint: Checkpoint, family: str | None = None) -> WeightExtractor:
        """The extractor of the one family that reads `checkpoint`; `family` asks that one alone.

        Raises `SefaError` that lists who was asked and why each declined when nobody claims the
        checkpoint, and who claims it when several do.
        """
        if family is not None:
            self.require(family)
        claims: dict[str, WeightExtractor] = {}
        declined: dict[str, str] = {}
        unusable: list[SefaError] = []
        for name in [family] if family else self.names():
            try:
                answer = self.ask("sefa_weight_extractor", name, checkpoint=checkpoint)
            except SefaError as problem:  # recognised and found unusable
                unusable.append(problem)
                continue
            except FOREIGN as problem:  # one broken family must not hide the others
                declined[name] = f"it failed ({shown(problem)})"
                continue
            problem_of = self._problem(name, answer)
            if problem_of is not None:
                declined[name] = f"its plugin {self.plugin(name).distribution or name} is broken: {problem_of}"
            elif isinstance(answer, WeightExtractor):
                claims[name] = answer
            else:
                declined[name] = answer.reason if isinstance(answer, Declined) else "it did not say"
        if len(claims) == 1:
            (name, claim), *_ = claims.items()
            return checked_weights(claim, self.plugin(name).title)
        if claims:
            raise SefaError(
                f"{checkpoint.path.name}: claimed by {' and by '.join(self.plugin(name).title for name in claims)}; "
                "choose one with --family (or family=...)"
            )
        if unusable:  # what the family that knows the file says is all that matters
            raise unusable[0]
        raise unclaimed(checkpoint, declined, self)

    def _problem(self, family: str, answer: object) -> str | None:
        """What is wrong with an answer to the first hook; a plugin that gives such a one counts as broken from then."""
        if answer is None or isinstance(answer, Declined):
            return None
        if isinstance(answer, WeightExtractor):
            try:
                problem = weights_problem(answer, family)
            except FOREIGN as failure:  # fields of wrong types
                problem = f"its extractor is malformed ({shown(failure)})"
        else:
            problem = f"sefa_weight_extractor gave {type(answer).__name__}, not a WeightExtractor, Declined or None"
        if problem is not None:
            mine = self.plugin(family)
            self.plugins[self.plugins.index(mine)] = replace(mine, error=problem)
        return problem

    def latent_space(self, checkpoint: Checkpoint, weights: WeightExtractor) -> LatentSpace:
        """The space of a claimed checkpoint; `PluginError` when the family fails or answers something else."""
        who = self._about(checkpoint, weights.family)
        with guarded(who, "sefa_latent_space"):
            answer = self.ask("sefa_latent_space", weights.family, checkpoint=checkpoint)
        return checked_space(answer, weights, who)

    def synthesizer(
        self, checkpoint: Checkpoint, weights: WeightExtractor, space: LatentSpace, device: str
    ) -> Synthesizer:
        """The network of a claimed checkpoint; its methods raise `PluginError` where the family fails."""

        def make() -> object:
            return self.ask("sefa_synthesizer", weights.family, checkpoint=checkpoint, device=device)

        return GuardedSynthesizer(make, space, weights, self._about(checkpoint, weights.family))

    def _about(self, checkpoint: Checkpoint, family: str) -> str:
        return f"{checkpoint.path.name}: {self.plugin(family).title}"

    def _unusable(self, family: str) -> str:
        from sefa_core.registry import load_registry

        broken = next((plugin for plugin in self.plugins if plugin.family == family and plugin.error), None)
        if broken is not None:
            return f"family {family!r} ({broken.distribution}) is broken: {broken.error}; update or remove it"
        known = load_registry().families.get(family)
        cure = f'pip install "sefa-core[{known.extra}]" brings it' if known else "check the name"
        return f"family {family!r} is not installed; there are: {', '.join(self.names()) or 'none'}; {cure}"


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
        about, requires = point.dist, tuple[str, ...]()
        try:  # metadata may be as broken as code
            name, version = (about.name or "", about.version or "") if about else ("", "")
            requires = tuple(about.requires or ()) if about else ()
        except FOREIGN:
            name, version = "", ""
        module = point.value.partition(":")[0].strip()
        families.register(point.name, point.load, distribution=name, version=version, module=module, requires=requires)
    return families


@functools.cache
def installed() -> Families:
    """The families found through entry points of the group `sefa`, loaded at the first call."""
    found, broken = _entries()
    only = os.environ.get(SWITCH)
    if only is not None:
        wanted = {name.strip() for name in only.split(",")}
        found = [point for point in found if point.name in wanted]
    families = discover(found)
    families.plugins += broken
    return families


def _may_have_plugins(distribution: Distribution) -> bool:
    """Whether the list of entry points of a distribution mentions the group at all."""
    try:
        return GROUP in (distribution.read_text("entry_points.txt") or "")
    except ValueError:
        return True  # a damaged list is told of


def _entries() -> tuple[list[EntryPoint], list[Plugin]]:
    """The entry points of the group, and distributions whose list cannot be read; the first of a name counts."""
    found: list[EntryPoint] = []
    broken: list[Plugin] = []
    seen: set[str] = set()
    for distribution in distributions():
        name = ""
        try:  # one at a time: importlib's own search ends at the first file that is damaged
            if not _may_have_plugins(distribution):
                continue  # before its name is asked for, which reads all of its metadata
            name = distribution.name or ""
            points = [point for point in distribution.entry_points if point.group == GROUP]
        except FOREIGN as problem:
            broken.append(Plugin(name, name, "", f"its entry points cannot be read ({shown(problem)}); reinstall it"))
            continue
        if name not in seen:
            found += points
        seen.add(name)
    return found, broken
