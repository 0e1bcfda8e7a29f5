"""The ``soar2`` command. Each subcommand imports what it needs, so that ``soar2 read`` needs no database."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

Command = Callable[[argparse.Namespace], int]
Add = Callable[[str, Command, str], argparse.ArgumentParser]
PORTS = ("SOAR2_WEB_PORT", "SOAR2_MLLP_PORT", "SOAR2_SMTP_PORT")

#: As in ``soar2.dictation.forms``, which is not imported for every other command.
FORMS = ("text", "powerscribe", "powerscribe-fields", "mrrt", "questionnaire", "codesystem")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; the exit status is 0 when it did what was asked."""
    if faults := _port_faults():
        print(*faults, sep="\n", file=sys.stderr)
        return 2
    args = _parser().parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def _port_faults() -> list[str]:
    """A sentence for each port in the environment that is none; before anything reads one."""
    return [
        f"{name} is '{os.environ[name]}'; it must be a number from 1 to 65535."
        for name in PORTS
        if name in os.environ and not (os.environ[name].isdecimal() and 0 < int(os.environ[name]) < 65536)
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="soar2", description="A relay, a checklist, a clock and a mirror for spine-oncology programmes."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(run=run)
        return sub

    demo = add("demo", _demo, "Start the whole system on synthetic data and print its address.")
    demo.add_argument("--reset", action="store_true", help="start over: erase the demonstration's data first")
    read = add(
        "read", _read, "Read reports (text or HL7) and print findings, score and lane. Needs no database."
    )
    read.add_argument("files", nargs="+", metavar="FILE", help="a report; - is standard input")
    read.add_argument(
        "--json", action="store_true", dest="as_json", help="one JSON object a report, one a line"
    )
    read.add_argument(
        "--explain",
        action="store_true",
        help="also show which words gave which finding, and which were set aside",
    )
    evaluate = add(
        "evaluate",
        _evaluate,
        "Read a folder of labelled reports and print where the reader agrees with the labels. Needs no database.",
    )
    evaluate.add_argument(
        "folder", type=Path, metavar="DIR", help="label files and their reports, at any depth"
    )
    evaluate.add_argument("--json", action="store_true", dest="as_json", help="the result as one JSON object")
    evaluate.add_argument(
        "--show-text", action="store_true", help="also print the text of each report with a disagreement"
    )
    template = add("template", _template, "Print the dictation macro.")
    template.add_argument("--format", default="text", choices=FORMS)
    send = add("send", _send, "Send HL7 messages over MLLP and print the answers.")
    send.add_argument("files", nargs="+", metavar="FILE", help="HL7 messages; - is standard input")
    send.add_argument("--host", default=os.environ.get("SOAR2_BIND", "127.0.0.1"))
    send.add_argument("--port", type=int, default=int(os.environ.get("SOAR2_MLLP_PORT", "2575")))
    send.add_argument(
        "--as-report", action="store_true", help="wrap plain report text as a synthetic patient's message"
    )
    send.add_argument("--tls", action="store_true", help="speak TLS; implied by the next three")
    send.add_argument("--ca", default="", metavar="FILE", help="who signed the receiver's certificate")
    send.add_argument("--certificate", default="", metavar="FILE", help="to show to a receiver that asks")
    send.add_argument("--key", default="", metavar="FILE", help="the key of that certificate")
    check = add("check", _check, "Explain each fault in soar2.toml in a sentence.")
    check.add_argument("file", nargs="?", type=Path, help="default: the file the system would use")
    add(
        "migrate",
        _migrate,
        "Bring the database to this version and load roles, people and rota from soar2.toml.",
    )
    add("web", _web, "Serve the pages.")
    add("listen", _listen, "Receive HL7 v2 messages over MLLP.")
    add("work", _work, "Apply stored messages, escalate, deliver.")
    add("watch", _watch, "Watch the others and say what is wrong.")
    admin = add("admin", _admin, "Make accounts, give them a new password, end a lock, close and open them.")
    admin.add_argument(
        "what",
        choices=["create", "password", "unlock", "close", "open"],
        help="create, password, unlock, close or open",
    )
    admin.add_argument("name", metavar="NAME", help="the name to sign in with")
    admin.add_argument("--person", help="the key of the [[person]] in soar2.toml this account stands for")
    admin.add_argument("--email", default="")
    admin.add_argument(
        "--administrator", action="store_true", help="may look after accounts and held messages"
    )
    admin.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    _doors(add)
    _keeping(add)
    for name, run in (("demo-inbox", _demo_inbox), ("demo-player", _demo_player)):
        add(name, run, "Part of the demonstration; started by soar2 demo.")
    return parser


def _doors(add: Add) -> None:
    """The subcommands for whoever connects other systems."""
    token = add("token", _token, "Make, revoke and list the tokens by which machines come in by HTTP.")
    what = token.add_subparsers(dest="what", required=True, metavar="WHAT")
    create = what.add_parser("create", help="make a token and print it once")
    create.add_argument("name", metavar="NAME", help="the system that will hold it")
    create.add_argument("--feed", required=True, help="the [[feed]] of soar2.toml whose reports it may bring")
    create.add_argument("--scope", action="append", metavar="SCOPE", help="default: DiagnosticReport.create")
    create.add_argument("--days", type=int, default=365, help="until it expires (default 365)")
    revoke = what.add_parser("revoke", help="make a token worthless at once")
    revoke.add_argument("name", metavar="NAME", help="the system that holds it")
    what.add_parser("list", help="the tokens, their scopes and when each was last used")
    mapping = add("mapping", _mapping, "Test the mappings of feeds against the samples beside them.")
    mapping.add_argument("what", choices=["test"], help="test")
    mapping.add_argument("directory", nargs="?", type=Path, help="default: SOAR2_HOME/mappings")
    replay = add("replay", _replay, "Read held messages again, in the order of their reports.")
    replay.add_argument("--feed", help="only those of this feed")


def _keeping(add: Add) -> None:
    """The subcommands for whoever keeps the system and its audit."""
    backup = add("backup", _backup, "Write the whole database into one file.")
    backup.add_argument("file", type=Path, metavar="FILE", help="where to write it")
    restore = add("restore", _restore, "Put a backup in place of the whole database.")
    restore.add_argument("file", type=Path, metavar="FILE", help="what soar2 backup has written")
    restore.add_argument("--yes", action="store_true", help="do not ask before the present data is replaced")
    audit = add("audit", _audit, "Say who opened a chart; verify that no audit row was changed.")
    what = audit.add_subparsers(dest="what", required=True, metavar="WHAT")
    who = what.add_parser("who", help="who opened or changed a patient, newest first")
    who.add_argument("patient", nargs="+", metavar="WORD", help="a record number, a case code or a name")
    what.add_parser("verify", help="recompute the chain of digests over ledger and access rows")


def _read(args: argparse.Namespace) -> int:
    from soar2.read_command import run_read

    return run_read(args.files, args.as_json, sys.stdin, sys.stdout, sys.stderr, explained=args.explain)


def _evaluate(args: argparse.Namespace) -> int:
    from soar2.evaluate_command import run_evaluate

    return run_evaluate(args.folder, sys.stdout, sys.stderr, as_json=args.as_json, show_text=args.show_text)


def _template(args: argparse.Namespace) -> int:
    from soar2.read_command import run_template

    return run_template(args.format, sys.stdout)


def _send(args: argparse.Namespace) -> int:
    from soar2.exchange.send import run_send
    from soar2.exchange.tls import client_context

    try:
        tls = args.tls or args.ca or args.certificate
        context = client_context(args.ca, args.certificate, args.key) if tls else None
    except OSError as fault:
        print(f"The TLS files cannot be used: {fault.strerror or fault}.", file=sys.stderr)
        return 1
    return run_send(
        args.files,
        args.host,
        args.port,
        as_report=args.as_report,
        stdout=sys.stdout,
        stderr=sys.stderr,
        now=_hospital_time() if args.as_report else None,
        context=context,
    )


def _hospital_time() -> datetime | None:
    """The running system's clock where its database is within reach: a demo's reports must not lie in its future."""
    from soar2.config.postgres import ServerFault
    from soar2.config.start import find_database, home, setup

    os.environ.setdefault("SOAR2_CONFIG", str(home() / "soar2.toml"))
    try:
        find_database()
        setup()
        from soar2.record.clock import now

        return now()
    except (ServerFault, OSError):
        return None


def _check(args: argparse.Namespace) -> int:
    if args.file:
        os.environ["SOAR2_CONFIG"] = str(args.file.resolve())
    from soar2.config.ready import run_check

    return run_check(sys.stdout)


def _migrate(args: argparse.Namespace) -> int:
    from soar2.config.start import with_database

    return with_database(_bring_up, need_ready=False, need_answer=True)


def _bring_up() -> int:
    from soar2.config.start import bring_up

    return bring_up(sys.stdout)


def _web(args: argparse.Namespace) -> int:
    def serve() -> int:
        from django.conf import settings

        from soar2.config.serve import run_web

        return run_web(settings.BIND, settings.WEB_PORT)

    return _process(serve)


def _listen(args: argparse.Namespace) -> int:
    def listen() -> int:
        from django.conf import settings

        from soar2.exchange.listen import run_listener

        return run_listener(settings.BIND, settings.MLLP_PORT)

    return _process(listen)


def _work(args: argparse.Namespace) -> int:
    def work() -> int:
        from soar2.exchange.work import run_worker

        return run_worker()

    return _process(work)


def _watch(args: argparse.Namespace) -> int:
    def watch() -> int:
        from soar2.watch.watcher import run_watcher

        return run_watcher()

    return _process(watch)


def _process(run: Callable[[], int]) -> int:
    from soar2.config.start import with_database

    return with_database(run)


def _admin(args: argparse.Namespace) -> int:
    def run() -> int:
        from soar2.config.account_command import run_account
        from soar2.config.ready import create_admin

        password = sys.stdin.readline().rstrip("\n") if args.password_stdin else None
        if args.what != "create":
            return run_account(args.what, args.name, password=password)
        return create_admin(
            args.name,
            password=password,
            email=args.email,
            person=args.person,
            administrator=args.administrator,
        )

    from soar2.config.start import with_database

    return with_database(run, need_ready=False, need_answer=True)


def _token(args: argparse.Namespace) -> int:
    def run() -> int:
        from soar2.exchange.fhir.tokens import run_token

        return run_token(args, sys.stdout, sys.stderr)

    return _process(run)


def _mapping(args: argparse.Namespace) -> int:
    from soar2.config.start import setup

    setup()
    from soar2.exchange.mappings import run_test

    return run_test(args.directory, sys.stdout)


def _replay(args: argparse.Namespace) -> int:
    def run() -> int:
        from soar2.exchange.replay import run_replay

        return run_replay(args.feed, sys.stdout)

    return _process(run)


def _backup(args: argparse.Namespace) -> int:
    from soar2.config.backup import run_backup

    return run_backup(args.file, sys.stdout)


def _restore(args: argparse.Namespace) -> int:
    from soar2.config.backup import run_restore

    return run_restore(args.file, sys.stdout, yes=args.yes)


def _audit(args: argparse.Namespace) -> int:
    def run() -> int:
        from soar2.config.audit_command import run_verify, run_who

        return run_who(args.patient, sys.stdout) if args.what == "who" else run_verify(sys.stdout)

    return _process(run)


def _demo(args: argparse.Namespace) -> int:
    from soar2.demo.run import run_demo

    return run_demo(reset=args.reset)


def _demo_inbox(args: argparse.Namespace) -> int:
    def inbox() -> int:
        from django.conf import settings

        from soar2.demo.inbox import run_inbox

        return run_inbox(settings.HOME, settings.PROGRAMME.smtp.port)

    return _process(inbox)


def _demo_player(args: argparse.Namespace) -> int:
    def player() -> int:
        from django.conf import settings

        from soar2.demo.player import run_player

        return run_player(settings.BIND, settings.MLLP_PORT)

    return _process(player)


if __name__ == "__main__":
    sys.exit(main())
