"""Every address of the product, walked from the URL tree: a new one is in the next test run without being named."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse


@dataclass(frozen=True)
class Address:
    """One entry of the tree by its full name (``demo:mail``), and the rights its view asks for."""

    name: str
    permissions: tuple[str, ...] | None
    parameters: tuple[str, ...]
    view: Any

    def path(self, values: dict[str, Any]) -> str:
        """The address with a value for each of its parameters; KeyError for one that no test knows."""
        return reverse(self.name, kwargs={name: values[name] for name in self.parameters})


def addresses() -> list[Address]:
    return list(_walk(get_resolver(), ""))


def _walk(tree: URLResolver, space: str) -> Iterator[Address]:
    for entry in tree.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _walk(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
        elif isinstance(entry, URLPattern):
            assert entry.name, f"{entry.pattern} has no name"
            asked = getattr(entry.callback, "permissions", None)
            yield Address(f"{space}{entry.name}", asked, tuple(entry.pattern.converters), entry.callback)
