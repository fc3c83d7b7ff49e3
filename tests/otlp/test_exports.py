"""What the package gives to others."""

from __future__ import annotations

import upwell.otlp


def test_exported_names_are_sorted_and_there() -> None:
    """The package's front lists what it has, in order."""
    names = upwell.otlp.__all__
    assert names == [*sorted(name for name in names if name.isupper()), *sorted(name for name in names if not name.isupper())]
    assert all(hasattr(upwell.otlp, name) for name in names)


def test_every_exported_name_says_what_it_is() -> None:
    """Whatever is called or made has a docstring."""
    assert [name for name in upwell.otlp.__all__ if callable(getattr(upwell.otlp, name)) and not getattr(upwell.otlp, name).__doc__] == []
