"""Reading, validating and proving a pack. A pack that fails in any point does not load at all."""

import tomllib
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from soar2.criteria.packs.fingerprint import content_hash
from soar2.criteria.packs.golden import prove
from soar2.criteria.packs.shapes import Pack
from soar2.criteria.packs.validation import PackRefused, build

__all__ = ["PackRefused", "load_pack", "load_pack_from"]


@lru_cache(maxsize=16)
def load_pack(name: str = "soar2-open", version: str = "1") -> Pack:
    """The shipped pack of that name and version, loaded once. Raises PackRefused with a sentence."""
    return load_pack_from(files("soar2.criteria.packs"), name, version)


def load_pack_from(folder: Traversable, name: str, version: str) -> Pack:
    """The same from any folder that holds ``NAME-VERSION.toml`` and ``hashes.toml``."""
    text = _read(folder, f"{name}-{version}.toml")
    content = _toml(text, f"{name}-{version}.toml")
    _check_identity(content, name, version)
    _check_hash(content, content_hash(text), _recorded(folder, name, version))
    return prove(build(content), content["golden"])


def _read(folder: Traversable, file_name: str) -> str:
    try:
        return folder.joinpath(file_name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise PackRefused(f"The file {file_name} could not be read.") from fault


def _toml(text: str, file_name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise PackRefused(f"The file {file_name} is not valid TOML: {fault}.") from fault


def _recorded(folder: Traversable, name: str, version: str) -> str:
    known = _toml(_read(folder, "hashes.toml"), "hashes.toml")
    recorded = known.get(name, {}).get(version, "")
    if not recorded:
        raise PackRefused(f"No hash is recorded for {name} version {version} in hashes.toml.")
    return str(recorded)


def _check_identity(content: dict[str, Any], name: str, version: str) -> None:
    if (content.get("name"), content.get("version")) != (name, version):
        raise PackRefused(f"The file of {name} version {version} names another pack or version inside.")


def _check_hash(content: dict[str, Any], computed: str, recorded: str) -> None:
    version = content["version"]
    if content.get("content_hash") != computed or recorded != computed:
        raise PackRefused(
            f"The content of pack {content['name']} version {version} is not what was recorded for this "
            f"version. A change needs a new version."
        )
