"""`upwell deploy` in moto's account, from nothing to an endpoint that is proven; the docstring of `amazon` says what is stubbed."""

from __future__ import annotations

from tests.aws.amazon import REGION, Amazon
from tests.cli.conftest import Run


def test_deploy_without_any_file(account: Amazon, run: Run) -> None:
    """A Region is all it needs: an endpoint, a key, a marked event of each signal found, a block to paste."""
    done = run("deploy", "--region", REGION, "--yes", "--show-keys")

    assert done.code == 0, done.err
    assert "arrived: logs after 0 s" in done.err
    assert "arrived: metrics after 0 s" in done.err
    assert "no buffer" in done.err
    (secret,) = account.keys().values()
    assert secret in done.out
    assert "execute-api.us-west-2" in done.out
