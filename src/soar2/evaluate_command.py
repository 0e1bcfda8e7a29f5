"""``soar2 evaluate``: the reader over a folder of labelled reports. Needs no database and sends nothing anywhere."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from soar2.dictation.evaluate import Evaluation, Found, Rate
from soar2.dictation.labels import Fault, ReportLabel, read_labels
from soar2.dictation.reading import read_report
from soar2.errors import Unreadable
from soar2.read_command import texts_of

WELL, UNSAFE, UNUSABLE = 0, 1, 2


def run_evaluate(
    folder: Path, stdout: IO[str], stderr: IO[str], *, as_json: bool = False, show_text: bool = False
) -> int:
    """Read every labelled report under ``folder`` and print how far the reader agrees with its label.

    Returns 0; 1 when an emergency was missed or an interval leaves the labelled points out; 2 when there
    is no label, or one or its report could not be used (the others are counted all the same).
    """
    evaluation, texts, unusable = Evaluation(), {}, 0
    for found in labelled(folder):
        if isinstance(found, Fault):
            unusable += 1
            stderr.write(f"{found}\n")
            continue
        label, text = found
        reading = read_report(text, cancer_known=label.cancer_known)
        evaluation.add(label, reading.as_json(label.name))
        texts[label.name] = text
    if as_json:
        stdout.write(json.dumps(evaluation.as_json() | {"unusable": unusable}, indent=1) + "\n")
    else:
        stdout.writelines(_page(evaluation, unusable, texts if show_text else {}))
    if not evaluation.reports:
        stderr.write(f"There is no usable label under {folder}.\n")
    if unusable or not evaluation.reports:
        return UNUSABLE
    return WELL if evaluation.safe else UNSAFE


def labelled(folder: Path) -> Iterator[tuple[ReportLabel, str] | Fault]:
    """Each label of each ``.toml`` under ``folder`` with its report's text, in the order of the label files."""
    for path in sorted(folder.rglob("*.toml")):
        name = str(path.relative_to(folder).with_suffix(""))
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            yield Fault(name, "the label file cannot be read as UTF-8 text.")
            continue
        except tomllib.TOMLDecodeError as fault:
            yield Fault(name, f"the label file is not TOML: {fault}.")
            continue
        labels, faults = read_labels(document, name)
        yield from faults
        for label in labels:
            try:
                yield label, label.text if label.text is not None else _beside(path, label.stem)
            except Unreadable as fault:
                yield Fault(label.name, fault.reason)


def _beside(path: Path, stem: str) -> str:
    """The one report beside the label file that has this name and another ending."""
    if Path(stem).name != stem:
        raise Unreadable("the name of a report that is a file holds no folder.")
    files = [file for file in sorted(path.parent.glob(f"{_literal(stem)}.*")) if file.suffix != ".toml"]
    if len(files) != 1:
        many = "no report" if not files else "more than one file"
        raise Unreadable(f"there is {many} with the label's name beside it.")
    try:
        texts = texts_of(files[0].read_bytes())
    except OSError:
        raise Unreadable("its report cannot be opened.") from None
    if len(texts) != 1:
        raise Unreadable(f"its file holds {len(texts)} reports; a label is for one.")
    return texts[0]


def _literal(stem: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in stem)


# ------------------------------------------------------------------------------------------ for people


def _page(evaluation: Evaluation, unusable: int, texts: dict[str, str]) -> Iterator[str]:
    yield f"{evaluation.reports} reports, {evaluation.levels} levels; {unusable} could not be used.\n\n"
    yield from _table("Lane and people", _headline(evaluation))
    yield from _table("Agreement, item by item", sorted(evaluation.agreement.items()))
    yield from _lanes(evaluation)
    if evaluation.missed_emergencies:
        yield "Missed emergencies\n"
        yield from (f"  {name}\n" for name in evaluation.missed_emergencies)
        yield "\n"
    yield from _disagreements(evaluation, texts)


def _headline(evaluation: Evaluation) -> list[tuple[str, Rate]]:
    return [
        ("emergencies caught (emergent, or urgent with review)", evaluation.caught),
        *_found("emergent", evaluation.emergent),
        *_found("urgent or emergent", evaluation.urgent),
        *_found("reaches a person", evaluation.person),
        ("reaches a person in vain", evaluation.person.false_alarms),
        ("SINS interval contains the label", evaluation.contained),
    ]


def _found(name: str, found: Found) -> list[tuple[str, Rate]]:
    return [(f"{name}: sensitivity", found.sensitivity), (f"{name}: precision", found.precision)]


def _table(title: str, rows: list[tuple[str, Rate]]) -> Iterator[str]:
    yield f"{title:<54} {'held':>6} {'of':>6} {'share':>7}  95% interval\n"
    for name, rate in rows:
        yield f"  {name:<52} {rate.hits:>6} {rate.total:>6} {_share(rate)}\n"
    yield "\n"


def _share(rate: Rate) -> str:
    if rate.share is None or rate.interval is None:
        return "      -"
    low, high = rate.interval
    return f"{rate.share:>7.1%}  {low:.1%} to {high:.1%}"


def _lanes(evaluation: Evaluation) -> Iterator[str]:
    yield "Lanes where the label allows one: label, read, reports\n"
    for row in evaluation.as_json()["lanes"]:
        yield f"  {row['label']:<10} {row['read']:<10} {row['reports']:>6}\n"
    yield "\n"


def _disagreements(evaluation: Evaluation, texts: dict[str, str]) -> Iterator[str]:
    yield f"Disagreements: {len(evaluation.disagreements)}\n"
    before = ""
    for one in evaluation.disagreements:
        if one.file != before and one.file in texts:
            yield "\n" + "".join(f"    | {line}\n" for line in texts[one.file].strip().splitlines())
        before = one.file
        yield f"  {one.file}  {one.level or 'report'}  {one.item}  label: {one.label}  read: {one.read}\n"
