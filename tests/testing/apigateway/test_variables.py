"""Mappings: which sources there are, and what they give."""

from __future__ import annotations

import pytest

from upwell.testing.apigateway.variables import fault, unknown_in_access_log, value

DECLARED = frozenset({"content-type"})


@pytest.mark.parametrize("source", ["'5'", "context.identity.apiKeyId", "stageVariables.logGroup", "method.request.header.Content-Type"])
def test_sources_of_a_request(source: str) -> None:
    """A static value, the context, the stage, a declared header."""
    assert fault(source, declared=DECLARED, answer=False) == ""


@pytest.mark.parametrize(
    "source",
    ["context.identity.nonsense", "context.status", "5", "stageVariables.a-b", "integration.response.header.X", "method.request.header.X"],
)
def test_what_is_no_source_of_a_request(source: str) -> None:
    """Names that linters let pass, values without quotes, headers that the method does not declare, and an answer's."""
    assert source in fault(source, declared=DECLARED, answer=False)


def test_an_answer_has_its_own_headers() -> None:
    """And not the request's."""
    assert fault("integration.response.header.Retry-After", declared=DECLARED, answer=True) == ""
    assert fault("method.request.header.Content-Type", declared=DECLARED, answer=True) != ""


def test_what_a_source_gives() -> None:
    """Header names know no case; what is not there is empty."""
    scope = {"method.request.header": {"x-a": "1"}, "context": {"identity.apiKeyId": "k"}, "stageVariables": {"logGroup": "/g"}}

    sources = ["'5'", "method.request.header.X-A", "context.identity.apiKeyId", "stageVariables.logGroup", "context.stage"]
    assert [value(source, scope) for source in sources] == ["5", "1", "k", "/g", ""]


def test_access_logs_have_more_variables() -> None:
    """What only the end of a request knows; a misspelt one is named."""
    assert unknown_in_access_log("$context.status $context.integration.status $context.identity.apiKeyId") == []
    assert unknown_in_access_log('{"a": "$context.statuss"}') == ["statuss"]
