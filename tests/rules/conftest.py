"""The whole house of tests/house, driven here as well."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_PLACE = Path(__file__).parents[1] / "house" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("tests_house_conftest", _PLACE)
_HOUSE = importlib.util.module_from_spec(_SPEC)
sys.modules.setdefault("tests_house_conftest", _HOUSE)
_SPEC.loader.exec_module(_HOUSE)

blogs = _HOUSE.blogs
planet = _HOUSE.planet
