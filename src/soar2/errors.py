"""The three errors the product knows. Anything else that is raised is a bug and propagates."""


class Refused(Exception):
    """A person asked for something that may not be done; ``reason`` is a sentence shown to that person."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class Unreadable(Exception):
    """A message that cannot be read; it goes to quarantine with ``reason``, a sentence a person can act on.

    ``where`` names the place in the sender's own terms (``PID-3``), empty when the whole message is meant.
    Neither may carry patient data: both are shown to senders and written to logs.
    """

    def __init__(self, reason: str, where: str = ""):
        super().__init__(reason)
        self.reason = reason
        self.where = where


class Undelivered(Exception):
    """A delivery that failed; ``permanent`` tells escalation (True) from a later retry (False)."""

    def __init__(self, reason: str, *, permanent: bool):
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
