"""Every run of the bench as it was, and the medians and ratios drawn from them."""

from statistics import median

from load import FAULTS, sound

MEASURED = ("rate", "p50_ms", "p99_ms", "max_ms", "mean_ms", "client_cpu", "sent_late_p99_ms")


class Book:
    """Runs are written down and printed as they come. ``case`` is a load, ``who`` is what bore it."""

    def __init__(self, runs=(), goals=(), notes=()):
        self.runs, self.goals, self.notes = list(runs), list(goals), list(notes)

    def add(self, section, case, who, number, figures):
        """One run; printed at once, so that nothing can be left out afterwards."""
        run = {"section": section, "case": case, "who": who, "run": number, **figures}
        self.runs.append(run)
        print(f"  run {number}  {case:<30} {who:<40} {words(run)}", flush=True)

    def of(self, section, case, who):
        return [run for run in self.runs if (run["section"], run["case"], run["who"]) == (section, case, who)]

    def values(self, section, case, who, figure):
        """A figure by number of run. Empty where a run lost a message or was answered wrongly: it has no rate."""
        runs = self.of(section, case, who)
        if not all(map(sound, runs)):
            return {}
        return {run["run"]: run[figure] for run in runs if figure in run}

    def ratios(self, section, case, who, other, figure="rate"):
        """``who`` over ``other`` in each run. Both stood beside each other there, so that a slow minute of the
        machine fell on both; their median is steadier than the ratio of two medians."""
        over, under = (self.values(section, case, name, figure) for name in (who, other))
        return [over[number] / under[number] for number in over if under.get(number)]

    def medians(self):
        """Per section, case and contestant: the medians of all that was measured."""
        keys = dict.fromkeys((run["section"], run["case"], run["who"]) for run in self.runs)
        return [
            dict(zip(("section", "case", "who"), key, strict=True))
            | {"runs": len(self.of(*key)), "sound": all(map(sound, self.of(*key)))}
            | {
                name: round(median(found.values()), 4)
                for name in MEASURED
                if (found := self.values(*key, name))
            }
            for key in keys
        ]

    def goal(self, name, each_run, bound, *, at_least):
        """A goal and whether the median of its runs meets it; no runs, no figure: then it is not met."""
        value = median(each_run) if each_run else None
        met = value is not None and (value >= bound if at_least else value < bound)
        self.goals.append(
            {
                "goal": name,
                "value": value and round(value, 4),
                "each_run": [round(one, 4) for one in each_run],
                "bound": bound,
                "at_least": at_least,
                "met": met,
            }
        )

    @property
    def faulty(self):
        return [run for run in self.runs if not sound(run)]


def words(run):
    """One run in a line."""
    if not sound(run):
        counts = [f"{run[name]} {name.replace('_', ' ')}" for name in FAULTS if run.get(name)]
        if run.get("rows") != run.get("acknowledged"):
            counts.append(f"{run.get('rows')} rows for {run.get('acknowledged')} answers")
        return f"NO RATE: {', '.join(counts)}. {run.get('fault', '')}"
    parts = [f"{run['rate']:9,.0f}/s"]
    parts += [
        f"{label} {run[name]:8.2f} ms"
        for label, name in (("p50", "p50_ms"), ("p99", "p99_ms"), ("mean", "mean_ms"))
        if name in run
    ]
    return "  ".join(parts)
