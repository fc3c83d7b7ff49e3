"""Names: what they are made of, and that no two are alike."""

from __future__ import annotations

from upwell.aws.names import TeamKey, is_deployment, team_keys, teams_path
from upwell.config import Serverless


def test_each_team_has_one_key_unless_told_otherwise() -> None:
    """A rotation is two numbers at once; the newest comes last."""
    settings = Serverless(teams=["platform", "web"], keys={"web": [3, 2]})

    assert team_keys(settings) == (TeamKey("platform", 1), TeamKey("web", 2), TeamKey("web", 3))


def test_logical_ids_are_alphanumeric() -> None:
    """CloudFormation takes nothing else."""
    key = TeamKey("data-platform_eu.1", 12)

    assert key.logical_id == "DataPlatformEu1Key12"
    assert all(name.isalnum() for name in (key.stream, key.member, key.record, key.output))


def test_a_teams_digits_and_its_keys_number_stay_apart() -> None:
    """Team web1 with key 2 is not team web with key 12."""
    assert TeamKey("web1", 2).logical_id != TeamKey("web", 12).logical_id


def test_a_deployments_id_is_known_by_its_hash() -> None:
    """Old and new deployments are told from other resources."""
    assert is_deployment("Deployment0123456789")
    assert not is_deployment("DeploymentRole")


def test_the_map_of_keys_stands_under_the_stacks_name() -> None:
    """Two stacks of an account do not share it."""
    assert teams_path("upwell") == "/upwell/upwell/keys"
