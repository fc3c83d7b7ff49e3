"""Which keys a deployment is to have."""

from __future__ import annotations

import pytest

from upwell.aws.changes import Change
from upwell.aws.deploy import moved_keys
from upwell.aws.keys import settled
from upwell.config import Serverless
from upwell.errors import ConfigError


def test_a_new_team_has_its_first_key() -> None:
    """Without settings and without a stack every team has key 1."""
    assert settled(Serverless(teams=["a", "b"]), {}).keys == {"a": [1], "b": [1]}


def test_what_is_deployed_stays() -> None:
    """A rotation that the stack remembers needs no file."""
    assert settled(Serverless(teams=["a", "b"]), {"AKey2": "x", "AKey3": "y"}).keys == {"a": [2, 3], "b": [1]}


def test_rotation_and_its_end() -> None:
    """One more beside the old ones; then the newest alone. Numbers are never used again while the stack knows them."""
    rotated = settled(Serverless(teams=["a"]), {"AKey1": "x"}, rotate=["a"])
    retired = settled(Serverless(teams=["a"]), {"AKey1": "x", "AKey2": "y"}, retire=["a"])

    assert (rotated.keys, retired.keys) == ({"a": [1, 2]}, {"a": [2]})


def test_a_name_within_another_name() -> None:
    """Team `a` does not take the keys of team `b-a`, nor the other way round."""
    assert settled(Serverless(teams=["a", "b-a"]), {"BAKey4": "x"}).keys == {"a": [1], "b-a": [4]}


def test_written_numbers_win() -> None:
    """What the settings say is the truth, whatever is deployed, and no flag changes it."""
    fixed = Serverless(teams=["a"], keys={"a": [3]})

    assert settled(fixed, {"AKey1": "x"}).keys == {"a": [3]}
    for change in ({"rotate": ["a"]}, {"retire": ["a"]}):
        with pytest.raises(ConfigError, match="settings fix"):
            settled(fixed, {"AKey1": "x"}, **change)


def test_a_key_cannot_move_to_another_plan() -> None:
    """A team's first own limit replaces its membership; unless the key is new too, CloudFormation would fail midway."""
    member = Change("Modify", "WebKey1Member", "AWS::ApiGateway::UsagePlanKey", replaced=True)
    key = Change("Modify", "WebKey1", "AWS::ApiGateway::ApiKey", replaced=True)
    new = Change("Add", "WebKey2Member", "AWS::ApiGateway::UsagePlanKey")

    assert moved_keys([member, new]) == ["WebKey1"]
    assert moved_keys([member, key]) == []
    assert moved_keys([new]) == []
