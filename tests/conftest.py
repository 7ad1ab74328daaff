"""For all tests: hypothesis tries the same examples in every run, so that a red run is red again.

FEEDMILL_FUZZ=1 lets it look for new ones, as many and as long as it likes.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("fuzz", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fuzz" if os.environ.get("FEEDMILL_FUZZ") else "same")
