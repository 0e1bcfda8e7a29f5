"""What the bench prints: the surroundings, a table of medians, the goals."""

from statistics import median

import mllp

TITLES = {
    "mllp": "MLLP: received, stored, acknowledged",
    "delivery": "Final report to first delivery attempt, whole system",
    "fhir": "FHIR: POST /fhir/DiagnosticReport, stored before 201",
    "reader": "The reader alone, CPU time",
}
COLUMNS = (
    ("rate", "a second", "10,.0f"),
    ("p50_ms", "p50 ms", "8.2f"),
    ("p99_ms", "p99 ms", "8.2f"),
    ("mean_ms", "mean ms", "8.3f"),
)
OURS = ("soar2 listen", "soar2 web", "soar2: read, scored, given a lane")


def print_environment(found, reading):
    libraries = ", ".join(f"{name} {number}" for name, number in found["libraries"].items())
    kept = ", ".join(f"{name} {value}" for name, value in found["durability"].items())
    print(
        f"{found['cpu']}, {found['cores']} cores, {found['memory_gib']} GiB, Linux {found['kernel']}, commit {found['commit']}\n"
        f"Python {found['python']}, PostgreSQL {found['postgresql']} ({kept}) on {found['filesystem']}\n"
        f"{libraries}; load client in {found['load_client']}\n{weather(reading)}"
    )
    if found["filesystem"] == "tmpfs":
        print("WARNING: tmpfs is no disk: a flush costs nothing there. Name a directory on a disk with --on.")


def weather(reading):
    return (
        f"{reading['when']}: load {reading['load_average']}, fdatasync of 4 kB p50 {reading['fdatasync_p50_ms']} ms, "
        f"p99 {reading['fdatasync_p99_ms']} ms"
    )


def print_all(book, surroundings, plan):
    medians = book.medians()
    for section in dict.fromkeys(line["section"] for line in medians):
        print(f"\n{TITLES[section]}: medians of {max(line['runs'] for line in medians)} runs")
        heads = "".join(f"{head:>11}" for _, head, _ in COLUMNS)
        print(f"  {'load':<30}{'contestant':<42}{heads}   soar2 is")
        for line in medians:
            if line["section"] == section:
                print(f"  {line['case']:<30}{line['who']:<42}{_figures(line)}   {_beside(book, line)}")
    for note in book.notes:
        print(f"\n{note}")
    print("\n" + "\n".join(weather(reading) for reading in surroundings["weather"]))
    print(
        f"stolen by the hypervisor: {surroundings['stolen_per_cent']} % of all processor time; {plan['took_seconds']} s in all"
    )
    print("\nGoals")
    for goal in book.goals:
        print(f"  {goal_line(goal)}")
    for run in book.faulty:
        print(f"  A run without a rate, and so no figure: {run['case']}, {run['who']}, run {run['run']}")
    for name in plan["not_measured"]:
        print(f"  NOT MEASURED: {name}")


def _figures(line):
    if not line["sound"]:
        return f"{'no rate: a message was lost or wrongly answered':>44}"
    return "".join(f"{format(line[name], form) if name in line else '':>11}" for name, _, form in COLUMNS)


def _beside(book, line):
    """The product's rate as a multiple of this one's; in open loop, where the rate is given, its p99."""
    where = line["section"], line["case"]
    ours = next((who for who in OURS if book.of(*where, who)), None)
    if ours is None or line["who"] in OURS:
        return ""
    figure, words = ("p99_ms", "its p99") if line["case"] == mllp.OPEN else ("rate", "as fast")
    found = book.ratios(*where, ours, line["who"], figure)
    return f"{median(found):.2f} x {words}" if found else ""


def goal_line(goal):
    way = "at least" if goal["at_least"] else "below"
    if goal["value"] is None:
        return f"NOT MET  {goal['goal']}: no figure (goal: {way} {goal['bound']})"
    each = ", ".join(f"{one:.2f}" for one in goal["each_run"])
    return f"{'met    ' if goal['met'] else 'NOT MET'}  {goal['goal']}: {goal['value']:.2f} (goal: {way} {goal['bound']}; run by run: {each})"
