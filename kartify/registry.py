"""What is installed: plugin classes by slug. Found by the entry-point group ``kartify``; checked in one go."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from kartify.plugin import hookspecs
from kartify.plugin.gateway import Gateway
from kartify.plugin.oms import Oms
from kartify.plugin.partner import Partner, PartnerSettings
from kartify.plugin.simulator import Simulator

GROUP = "kartify"


class BrokenPlugins(Exception):
    """The boot stops: one message that lists everything that is wrong with the installed plugins."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("plugins cannot be used:\n" + "\n".join(f"  - {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Installed:
    """A partner class and the distribution it came from."""

    partner: type[Partner]
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class Registry:
    """Installed means available; a partner acts only where a store has an account for it."""

    partners: dict[str, Installed] = field(default_factory=dict)
    simulators: dict[str, type[Simulator]] = field(default_factory=dict)

    def partner(self, slug: str) -> type[Partner] | None:
        found = self.partners.get(slug) or self.partners.get(slug.replace("_", "-"))
        return found.partner if found else None


def installed_entry_points() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)


def load(points: Iterable[EntryPoint] | None = None, extra: Iterable[object] = ()) -> Registry:
    """Loads every plugin. Raises ``BrokenPlugins`` that lists them all. ``extra``: plugin modules given by tests."""
    found = list(installed_entry_points() if points is None else points)
    problems = [
        f"two packages claim the plugin name '{name}': "
        + ", ".join(sorted(_from(point)[0] for point in found if point.name == name))
        for name, count in Counter(point.name for point in found).items()
        if count > 1
    ]
    manager = pluggy.PluginManager("kartify")
    manager.add_hookspecs(hookspecs)
    origins: dict[Any, tuple[str, str]] = {}
    for point in found:
        try:
            module = point.load()
            if not manager.is_registered(module):
                manager.register(module, name=f"{_from(point)[0]}:{point.name}")
            origins[module] = _from(point)
        except Exception as problem:  # a plugin may fail in any way; the message names it
            problems.append(f"'{point.name}' ({_from(point)[0]}) does not load: {type(problem).__name__}: {problem}")
    for module in extra:
        manager.register(module)
    problems += [str(problem) for problem in _pending(manager)]
    registry = _collect(manager, origins, problems)
    if problems:
        raise BrokenPlugins(problems)
    return registry


def _from(point: EntryPoint) -> tuple[str, str]:
    dist = getattr(point, "dist", None)
    return (dist.name, dist.version) if dist else ("unknown package", "0")


def _pending(manager: pluggy.PluginManager) -> list[Exception]:
    """pluggy registers a misspelt hook without a word; asked, it raises at the first."""
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as problem:
        return [problem]
    return []


def _collect(manager: pluggy.PluginManager, origins: dict[Any, tuple[str, str]], problems: list[str]) -> Registry:
    registry = Registry()
    for name in ("register_gateways", "register_oms"):
        for impl in getattr(manager.hook, name).get_hookimpls():
            distribution, version = origins.get(impl.plugin, (impl.plugin_name, "0"))
            for partner in _given(impl.function()):
                problems += _check(partner, registry, distribution)
                registry.partners[getattr(partner, "slug", repr(partner))] = Installed(partner, distribution, version)
    for impl in manager.hook.register_simulators.get_hookimpls():
        for simulator in _given(impl.function()):
            registry.simulators[simulator.slug] = simulator
    return registry


def _given(value: Any) -> list[Any]:
    return list(value or ())


def unfilled(partner: type) -> list[str]:
    """The methods of the contract that a class must have and does not have."""
    # Statically, since pydantic warns of some of its names when they are read.
    return sorted(
        name for name in dir(partner)
        if getattr(inspect.getattr_static(partner, name, None), "__isabstractmethod__", False)
    )


def _check(partner: Any, registry: Registry, distribution: str) -> list[str]:
    if not (isinstance(partner, type) and issubclass(partner, Gateway | Oms)):
        return [f"{distribution} registers {partner!r}, which is neither a Gateway nor an Oms"]
    problems = [
        f"{partner.__name__} of {distribution} has no '{name}'"
        for name in ("slug", "name", "Settings")
        if not hasattr(partner, name)
    ]
    problems += [
        f"{partner.__name__} of {distribution} does not implement '{name}'"
        for name in unfilled(partner)
    ]
    if hasattr(partner, "Settings") and not issubclass(partner.Settings, PartnerSettings):
        problems.append(f"{partner.__name__} of {distribution}: Settings is not a PartnerSettings")
    elif hasattr(partner, "Settings"):
        problems += [
            f"{partner.__name__}.Settings of {distribution} does not implement '{name}'"
            for name in unfilled(partner.Settings)
        ]
    known = registry.partners.get(getattr(partner, "slug", ""))
    if known:
        problems.append(f"the slug '{partner.slug}' is claimed by both {known.distribution} and {distribution}")
    return problems
