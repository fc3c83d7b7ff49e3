"""What the metrics page promises to Prometheus."""

from __future__ import annotations

from upwell.exposition import Family, Sample, exposition, labelled, single


def test_a_metric_without_labels() -> None:
    """Help, type and one line."""
    page = exposition([single("upwell_things", "gauge", "Things there are.", 3)])

    assert page == "# HELP upwell_things Things there are.\n# TYPE upwell_things gauge\nupwell_things 3\n"


def test_labels_come_sorted_and_escaped() -> None:
    """Quotes, backslashes and line ends in a label can't end it."""
    page = exposition([labelled("x_total", "counter", "A\\B\nC", "why", {'b"\\\n': 2, "a": 1.5})])

    assert page == '# HELP x_total A\\\\B\\nC\n# TYPE x_total counter\nx_total{why="a"} 1.5\nx_total{why="b\\"\\\\\\n"} 2\n'


def test_a_histogram_has_buckets_sum_and_count() -> None:
    """Suffixes stand before the labels."""
    samples = (Sample(1, {"le": "0.1"}, "_bucket"), Sample(2, {"le": "+Inf"}, "_bucket"), Sample(0.25, {}, "_sum"), Sample(2, {}, "_count"))
    page = exposition([Family("t_seconds", "histogram", "Time.", samples)])

    assert page.splitlines()[2:] == [
        't_seconds_bucket{le="0.1"} 1',
        't_seconds_bucket{le="+Inf"} 2',
        "t_seconds_sum 0.25",
        "t_seconds_count 2",
    ]


def test_infinity_is_spelled_prometheus_way() -> None:
    """Floats are written in full, infinity as +Inf."""
    assert exposition([single("x", "gauge", "X.", float("inf"))]).endswith("x +Inf\n")
    assert exposition([single("x", "gauge", "X.", 0.1 + 0.2)]).endswith("x 0.30000000000000004\n")
