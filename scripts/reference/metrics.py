"""docs/reference/metrics.md: every metric of /metrics, from the list that the page itself is made from."""

from reference.tables import code, table

from soar2.watch.metric_names import METRICS


def page() -> str:
    return "\n\n".join(
        [
            "# Metrics",
            "What `/metrics` says, in the Prometheus text format. How to read it, and whom to wake:"
            " [watch it run](../how-to/watch-it-run.md). Counters end in `_total`, the histogram has `_bucket`,"
            " `_sum` and `_count`.",
            "Every number is computed from the database, so every web process says the same, also after a"
            " restart, and one is enough to ask. An answer is given again for five seconds. Labels come from the"
            " settings or from short closed lists: no metric holds anything of a patient.",
            table(
                ["metric", "kind", "labels", "meaning"],
                ((f"`{one.name}`", one.kind, code(one.labels), one.words) for one in METRICS),
            ),
        ]
    )
