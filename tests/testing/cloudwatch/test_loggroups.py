"""Log groups and streams."""

from collections.abc import Callable

import pytest

from tests.testing.wire import DAY
from upwell.testing.answers import Refused
from upwell.testing.cloudwatch.loggroups import LogGroups


@pytest.fixture
def groups() -> LogGroups:
    made = LogGroups()
    made.create_group("/a", 1)
    made.create_stream("/a", "s", 2)
    return made


def test_groups_and_streams_are_listed_by_prefix(groups: LogGroups) -> None:
    """Sorted by name, those that begin so."""
    groups.create_group("/b", 3)
    groups.create_group("/aa", 3)
    groups.create_stream("/a", "r", 4)

    assert [group.name for group in groups.groups()] == ["/a", "/aa", "/b"]
    assert [group.name for group in groups.groups("/a")] == ["/a", "/aa"]
    assert [stream.name for stream in groups.streams("/a")] == ["r", "s"]
    assert [stream.name for stream in groups.streams("/a", "s")] == ["s"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda groups: groups.create_group("/a", 9), "ResourceAlreadyExistsException"),
        (lambda groups: groups.create_stream("/a", "s", 9), "ResourceAlreadyExistsException"),
        (lambda groups: groups.create_stream("/no", "s", 9), "ResourceNotFoundException"),
        (lambda groups: groups.group("/no"), "ResourceNotFoundException"),
        (lambda groups: groups.stream("/a", "no"), "ResourceNotFoundException"),
        (lambda groups: groups.streams("/no"), "ResourceNotFoundException"),
        (lambda groups: groups.delete_group("/no"), "ResourceNotFoundException"),
        (lambda groups: groups.delete_stream("/a", "no"), "ResourceNotFoundException"),
        (lambda groups: groups.retain("/no", 30), "ResourceNotFoundException"),
        (lambda groups: groups.retain("/a", 31), "InvalidParameterException"),
        (lambda groups: groups.create_group("with space", 9), "InvalidParameterException"),
        (lambda groups: groups.create_group("", 9), "InvalidParameterException"),
        (lambda groups: groups.create_stream("/a", "a:b", 9), "InvalidParameterException"),
        (lambda groups: groups.create_stream("/a", "x" * 513, 9), "InvalidParameterException"),
    ],
)
def test_impossible_calls_are_refused_by_name(groups: LogGroups, call: Callable[[LogGroups], object], code: str) -> None:
    """Each mistake has the exception that the API gives it, as 400."""
    with pytest.raises(Refused) as caught:
        call(groups)

    assert (caught.value.status, caught.value.code) == (400, code)


def test_retention_can_be_set_and_taken_back(groups: LogGroups) -> None:
    """A group keeps events for its days, or for ever; its streams stay."""
    assert groups.group("/a").retention_ns is None
    groups.retain("/a", 3)
    assert groups.group("/a").retention_ns == 3 * DAY
    assert groups.stream("/a", "s").created_ns == 2
    groups.retain("/a", None)
    assert groups.group("/a").retention_ns is None


def test_deleted_things_are_gone(groups: LogGroups) -> None:
    """A deleted stream or group can be made anew."""
    groups.delete_stream("/a", "s")
    assert groups.streams("/a") == []
    groups.delete_group("/a")
    assert groups.groups() == []
    groups.create_group("/a", 5)
    assert groups.group("/a").created_ns == 5
