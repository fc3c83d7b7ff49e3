"""Which keys a deployment is to have: what the settings say, else what is deployed, plus a rotation or its end.

Numbers in `serverless.keys` always win. For teams without them the stack itself remembers, so that a rotation needs no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from upwell.aws import names
from upwell.aws.account import Account
from upwell.aws.stack import Stack
from upwell.config import Serverless
from upwell.errors import ConfigError

_FIRST = 1


def settled(serverless: Serverless, deployed: Mapping[str, str], *, rotate: Sequence[str] = (), retire: Sequence[str] = ()) -> Serverless:
    """The settings with every team's key numbers written out. `deployed` has key ids by logical id.

    `rotate` gives each team named one more key, beside those it has; `retire` leaves each only its newest. Raises ConfigError for a
    team that is none, for one whose numbers the settings fix, and for a retirement that would leave nothing changed.
    """
    numbers = {team: _numbers(serverless, team, deployed) for team in serverless.teams}
    for team in rotate:
        _check(serverless, team)
        numbers[team] = [*numbers[team], max(numbers[team]) + 1]
    for team in retire:
        _check(serverless, team)
        if len(numbers[team]) == 1:
            raise ConfigError(f"team {team} has one key, which stays", hint=f"First `upwell deploy --rotate {team}`.")
        numbers[team] = numbers[team][-1:]
    return serverless.model_copy(update={"keys": numbers})


def _numbers(serverless: Serverless, team: str, deployed: Mapping[str, str]) -> list[int]:
    if team in serverless.keys:
        return sorted(serverless.keys[team])
    spelled = re.compile(rf"{re.escape(names.joined(team))}Key([0-9]+)")
    return sorted(int(match[1]) for logical in deployed if (match := spelled.fullmatch(logical))) or [_FIRST]


def _check(serverless: Serverless, team: str) -> None:
    if team not in serverless.teams:
        raise ConfigError(f"there is no team {team!r} in serverless.teams", hint=f"Teams are: {', '.join(serverless.teams)}.")
    if team in serverless.keys:
        hint = f"Change its numbers there: add the next one to rotate, remove the old one to end the overlap ({serverless.keys[team]} now)."
        raise ConfigError(f"the settings fix the keys of team {team!r} in serverless.keys", hint=hint)


def newest(serverless: Serverless, stack: Stack, before: Mapping[str, str]) -> names.TeamKey:
    """The key to prove a deployment with: one that was not there before, else the first team's newest."""
    listed = names.team_keys(serverless)
    fresh = [key for key in listed if stack.key_ids.get(key.logical_id) not in before.values()]
    return fresh[0] if fresh else [key for key in listed if key.team == serverless.teams[0]][-1]


def secret(account: Account, key_id: str) -> str:
    """The text of an API key, to send as x-api-key."""
    return str(account.call("apigateway", "get_api_key", apiKey=key_id, includeValue=True)["value"])
