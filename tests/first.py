"""Some value of a strategy."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import Phase, find, settings
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def first(strategy: SearchStrategy[T], holds: Callable[[T], object] = lambda value: True) -> T:
    """The first value that is met of which something holds; nobody searches for the simplest. Raises NoSuchExample."""
    once = settings(max_examples=2000, phases=[Phase.generate], database=None)
    return find(strategy, lambda value: bool(holds(value)), settings=once)
