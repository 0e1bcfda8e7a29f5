"""The content hash of a pack. Standard library only, so that anyone can check a pack without this product.

    python fingerprint.py soar2-open-1.toml

The hash covers every key and value except the recorded hash itself. Comments and layout are not content.
"""

import hashlib
import json
import sys
import tomllib
from pathlib import Path


def content_hash(text: str) -> str:
    """SHA-256, as 64 hexadecimal digits, of the canonical JSON form of the pack's TOML ``text``.

    Raises tomllib.TOMLDecodeError when the text is not TOML.
    """
    content = tomllib.loads(text)
    content.pop("content_hash", None)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(content_hash(Path(name).read_text(encoding="utf-8")), name)
