"""Shared set-up of the tests: hypothesis profiles and the switch for the long experiments."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, derandomize=True, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long experiments in full, not in their reduced form")


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the long experiments run in full."""
    return bool(request.config.getoption("--long"))
