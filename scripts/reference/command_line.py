"""docs/reference/command-line.md, from the parser of the `soar2` command."""

import argparse
from collections.abc import Iterator

from reference.tables import table

from soar2.cli import _parser

# Said here because a default that comes from the environment would differ from machine to machine.
WORDS = {
    "--host": "where the listener is; default: `SOAR2_BIND`, else 127.0.0.1",
    "--port": "its port; default: `SOAR2_MLLP_PORT`, else 2575",
    "--format": "only `text` so far",
    "--email": "kept with the account",
}
PRODUCTION = ("migrate", "web", "listen", "work", "watch", "admin")
STATUS = {
    "read": "1 when a file could not be read; the others are printed all the same",
    "evaluate": "1 when an emergency was missed or a SINS interval leaves the labelled points out; 2 when there is no"
    " label, or one or its report could not be used",
    "template": "2 for a format that does not exist",
    "send": "1 unless every message was accepted (AA or CA)",
    "check": "1 when the system would not start",
    "admin": "1 when nothing was made or changed",
    "audit": "of `who` 1 when no patient fits, or several do; of `verify` 1 when a row is not as it was written",
}


def page() -> str:
    commands = dict(_commands())
    parts = [
        "# The `soar2` command",
        "After `make setup` the command is `.venv/bin/soar2`. `soar2 COMMAND --help` says the same as this"
        " page. The exit"
        " status is 0 when the command did what was asked.",
        table(["command", "what it does"], ((f"`{name}`", _about(sub)) for name, sub in commands.items())),
        "`read`, `evaluate` and `template` need no database, no settings and no network. `send` needs only the listener."
        f" {_listed(PRODUCTION)} use the settings file and the database; `web`, `listen`, `work` and `watch`"
        f" refuse to start"
        " while `check` finds a fault, and run until SIGTERM or Ctrl-C.",
        *(_section(name, sub) for name, sub in commands.items() if not name.startswith("demo-")),
    ]
    return "\n\n".join(parts)


def _commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in _parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _about(sub: argparse.ArgumentParser) -> str:
    return sub.description or ""


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names[:-1]) + f" and `{names[-1]}`"


def _section(name: str, sub: argparse.ArgumentParser) -> str:
    parts = [f"## soar2 {name}", _about(sub)]
    if rows := list(_arguments(sub)):
        parts.append(table(["argument", "meaning"], rows))
    if name in STATUS:
        parts.append(f"Exit status: {STATUS[name]}.")
    return "\n\n".join(parts)


def _arguments(sub: argparse.ArgumentParser, before: str = "") -> Iterator[tuple[str, str]]:
    """Each argument with its meaning; of a command that has commands of its own, theirs."""
    for action in sub._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action._choices_actions:
                yield f"`{one.dest}`", one.help or ""
                yield from _arguments(action.choices[one.dest], f"`{one.dest}` … ")
        elif action.dest != "help":
            yield before + _shown(action), _meaning(action)


def _shown(action: argparse.Action) -> str:
    value = str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"`{value}{' ...' if action.nargs == '+' else ''}`"
    takes = "" if action.nargs == 0 else f" {value}"
    return f"`{', '.join(action.option_strings)}{takes}`"


def _meaning(action: argparse.Action) -> str:
    key = (action.option_strings or [action.dest])[-1]
    words = action.help or WORDS.get(key)
    if not words:
        raise SystemExit(f"reference/command_line.py has no words for {key}")
    return words
