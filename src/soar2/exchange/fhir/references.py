"""Where a Reference leads inside one message: a contained resource, or another entry of the Bundle. Pure.

Source: FHIR R4, Reference and Bundle (section "Resolving references in Bundles"). Nothing is fetched.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource with its FHIRPath place and the resource that contains it, or itself."""

    resource: Json
    where: str
    home: "Placed | None" = None

    @property
    def kind(self) -> str:
        return str(self.resource.get("resourceType", ""))

    @property
    def container(self) -> "Placed":
        return self.home or self


@dataclass(frozen=True, slots=True)
class Message:
    """The resources of one body by the names other resources call them."""

    tops: tuple[Placed, ...]
    by_url: Mapping[str, Placed]

    def of_kind(self, kind: str) -> tuple[Placed, ...]:
        return tuple(top for top in self.tops if top.kind == kind)

    def find(self, reference: Any, holder: Placed) -> Placed | None:
        """What ``reference`` (a Reference, or nothing) of ``holder`` points to; None when it is not here."""
        target = reference.get("reference", "") if isinstance(reference, dict) else ""
        if not target:
            return None
        if target.startswith("#"):
            return _contained(holder.container, target[1:])
        return self.by_url.get(target.partition("/_history/")[0])

    def find_all(self, references: Any, holder: Placed) -> list[tuple[Json, Placed | None]]:
        """Each Reference of a list with what it points to."""
        return [
            (reference, self.find(reference, holder))
            for reference in references or ()
            if isinstance(reference, dict)
        ]


def message_of(resource: Json) -> Message:
    """The message a body is: one resource alone, or the entries of a Bundle."""
    if resource.get("resourceType") != "Bundle":
        alone = Placed(resource, str(resource["resourceType"]))
        return Message((alone,), dict(_names(alone, "")))
    tops: list[Placed] = []
    by_url: dict[str, Placed] = {}
    for number, entry in enumerate(resource.get("entry", ())):
        if "resource" in entry:
            top = Placed(entry["resource"], f"Bundle.entry[{number}].resource")
            tops.append(top)
            for name in _names(top, entry.get("fullUrl", "")):
                by_url.setdefault(*name)
    return Message(tuple(tops), by_url)


def _names(top: Placed, full_url: str) -> Iterator[tuple[str, Placed]]:
    if full_url:
        yield full_url, top
    if found := top.resource.get("id"):
        yield f"{top.kind}/{found}", top


def _contained(container: Placed, name: str) -> Placed | None:
    if not name:
        return container
    for number, inner in enumerate(container.resource.get("contained", ())):
        if inner.get("id") == name:
            return Placed(inner, f"{container.where}.contained[{number}]", container)
    return None
