"""The token with which a monitoring system reads /metrics, in a file of its own."""

from pathlib import Path

SHORTEST = 20  # characters


def read_token(path: str) -> str:
    """The token of a file; raises ValueError with a sentence, which holds nothing of it."""
    try:
        token = Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"SOAR2_METRICS_TOKEN_FILE {path} cannot be read.") from None
    if len(token) < SHORTEST:
        raise ValueError(f"SOAR2_METRICS_TOKEN_FILE {path}: the token has fewer than {SHORTEST} characters.")
    return token


def token_faults(path: str) -> list[str]:
    """For ``soar2 check``; no file named is no fault."""
    if not path:
        return []
    try:
        read_token(path)
    except ValueError as fault:
        return [str(fault)]
    return []
