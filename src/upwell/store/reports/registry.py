"""Every report there is, in the order of listings. Command line, API, console and documents all read this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upwell.store.reports.catalogue import cost, one, tools, use, work
from upwell.store.reports.report import Report

_LISTED: Final = (
    use.OVERVIEW,
    tools.TOOLS,
    work.PROMPTS,
    work.PROMPT_SIZES,
    tools.TOOL_CALLS,
    tools.TOOL_RELIABILITY,
    tools.MCP,
    tools.SKILLS,
    cost.SUBAGENTS,
    cost.MODELS,
    cost.TOKENS,
    cost.COST,
    use.SESSIONS,
    use.RHYTHM,
    use.ACTIVE,
    use.ADOPTION,
    use.RETENTION,
    use.VERSIONS,
    use.COVERAGE,
    work.OUTCOMES,
    work.ERRORS,
    work.RETRIES,
    one.SESSION_LIST,
    one.SESSION,
    one.INTERACTION,
)

REPORTS: Final[Mapping[str, Report]] = {report.name: report for report in _LISTED}
