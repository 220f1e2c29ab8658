"""Property tests are not timed: the machine may be busy."""

from hypothesis import HealthCheck, settings

settings.register_profile("matching", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("matching")
