"""The bodies that benchmarks send."""

from itertools import islice

import pytest

from bench.bodies import Bodies
from upwell.otlp import Encoding, Signal, decode, survey

NOW_NS = 1_795_000_000 * 10**9


@pytest.mark.parametrize("encoding", Encoding)
def test_every_body_differs_and_is_a_batch_of_the_size_stated(encoding: Encoding) -> None:
    """A repeated body would be a retry and measure nothing; all are of one length and hold four records of now."""
    bodies = Bodies(encoding, now_ns=NOW_NS)

    made = list(islice(bodies, 500))

    assert len(set(made)) == 500
    assert {len(body) for body in made} == {bodies.size}
    found = survey(decode(made[-1], Signal.LOGS, encoding).batch, Signal.LOGS)
    assert (found.items, found.oldest_ns, found.newest_ns) == (4, NOW_NS, NOW_NS)


def test_json_bodies_are_of_four_kilobytes() -> None:
    """The figures to reach are stated for bodies of that size."""
    assert 3_900 < Bodies(Encoding.JSON, now_ns=NOW_NS).size < 4_500


def test_runs_that_start_apart_share_no_body() -> None:
    """Each measurement counts from its own start."""
    first = set(islice(Bodies(Encoding.JSON, now_ns=NOW_NS, start=0), 100))
    second = set(islice(Bodies(Encoding.JSON, now_ns=NOW_NS, start=10_000), 100))

    assert not first & second
