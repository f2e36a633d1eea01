"""The questions that panels ask, in PromQL, each with the namespace, queues and tasks that are chosen above.

There are two kinds of metrics (docs/reference/metrics.md). What a replica says of itself is summed over replicas. What
is said of all jobs together every status replica says alike: it is taken once, with `max`, before anything is summed.
"""

from __future__ import annotations

from labels import LABELS, OF_ALL_JOBS

WINDOW = "$__rate_interval"
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
CHOICES = ("queue", "task")
"""Labels that the variables above every dashboard choose by."""


def total(metric: str, by: str = "", where: str = "") -> str:
    """A gauge of replicas, summed."""
    return f"sum{_by(by)} ({chosen(metric, where)})"


def largest(metric: str, by: str = "", where: str = "") -> str:
    """A gauge of replicas: the largest of them."""
    return f"max{_by(by)} ({chosen(metric, where)})"


def rate(metric: str, by: str = "", where: str = "", window: str = WINDOW) -> str:
    """A counter of replicas: how much a second, summed."""
    return f"sum{_by(by)} (rate({chosen(metric, where)}[{window}]))"


def gain(metric: str, by: str = "", where: str = "") -> str:
    """A counter of replicas: how much in the whole time that is looked at."""
    return f"sum{_by(by)} (increase({chosen(metric, where)}[$__range]))"


def quantile(share: float, metric: str, by: str = "", where: str = "", window: str = WINDOW) -> str:
    """A histogram of replicas: what this share of cases stays below."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({chosen(metric, where, '_bucket')}[{window}])))"


def quantiles(metric: str, where: str = "") -> dict[str, str]:
    """The usual three, by their names."""
    return {name: quantile(share, metric, where=where) for name, share in QUANTILES.items()}


def heat(metric: str, where: str = "") -> str:
    """A histogram of replicas: cases for each bucket, for a heatmap."""
    return f"sum by (le) (increase({chosen(metric, where, '_bucket')}[{WINDOW}]))"


def of_all(metric: str, by: str = "", where: str = "") -> str:
    """A gauge of all jobs together."""
    return f"sum{_by(by)} ({once(metric, where)})"


def rate_of_all(metric: str, by: str = "", where: str = "", window: str = WINDOW) -> str:
    """A counter of all jobs together: how much a second."""
    return f"sum{_by(by)} (max by ({_own_labels(metric)}) (rate({chosen(metric, where)}[{window}])))"


def gain_of_all(metric: str, by: str = "", where: str = "") -> str:
    """A counter of all jobs together: how much in the whole time that is looked at."""
    return f"sum{_by(by)} (max by ({_own_labels(metric)}) (increase({chosen(metric, where)}[$__range])))"


def age_of_all(metric: str, by: str, zero_while: str) -> str:
    """Seconds since the oldest moment; 0 while there is none and the other figure says that somebody looked."""
    age = f"max by ({by}) (clamp_min(time() - {once(metric)}, 0))"
    return f"{age} or 0 * max by ({by}) ({once(zero_while)})"


def once(metric: str, where: str = "") -> str:
    """What all status replicas say alike, one time."""
    assert metric in OF_ALL_JOBS, f"{metric} is a figure of one replica: sum it instead"
    return f"max by ({_own_labels(metric)}) ({chosen(metric, where)})"


def chosen(metric: str, where: str = "", suffix: str = "") -> str:
    """The metric with what is chosen above, as far as it has those labels, and what else is asked for."""
    labels = ["namespace", *(label for label in CHOICES if label in LABELS[metric])]
    matchers = [*(f'{label}=~"${label}"' for label in labels), where]
    return f"{metric}{suffix}{{{', '.join(filter(None, matchers))}}}"


def _own_labels(metric: str) -> str:
    return ", ".join(("namespace", *LABELS[metric]))


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""
