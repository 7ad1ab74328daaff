"""Which steps run: the recipe, as a value with a fingerprint.

In:  switches by step name, selectors of an operator.
Out: `Recipe`; its fingerprint changes exactly when cleaning the same entry may give something else.
Never: drops the sanitizer or the structure step: they have no switch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType

CODE_VERSION = 2  # raise when a step's code changes what readers would see; rule files are hashed by themselves

_NONE: Mapping[str, bool] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """`switches`: step name to on/off, for steps that may be switched. `drop`, `keep`: CSS selectors.

    A kept node is never taken out by any step before the sanitizer. `ablation` is for measuring rules, in tests only.
    """

    switches: Mapping[str, bool] = field(default_factory=lambda: _NONE)
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    version: int = CODE_VERSION
    ablation: frozenset[str] = frozenset()

    @cached_property
    def fingerprint(self) -> str:
        """Stable across processes and machines: blake2b-64 of the settings, the code version and the rule files."""
        from feedmill.ingest.clean.rulebook import rules_digest

        said = {
            "switches": sorted((name, on) for name, on in self.switches.items()),
            "drop": list(self.drop),
            "keep": list(self.keep),
            "version": self.version,
            "ablation": sorted(self.ablation),
            "rules": rules_digest(),
        }
        return blake2b(json.dumps(said, ensure_ascii=False).encode(), digest_size=8).hexdigest()

    def runs(self, step: str, default: bool = True) -> bool:
        """Whether the step of this name is on."""
        return self.switches.get(step, default)


DEFAULT_RECIPE = Recipe()
