"""Settings: where they come from, what wins, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell import config
from upwell.config import CloudWatchSink, OtlpSink, Settings
from upwell.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "upwell.toml"


def _load(file: Path, text: str, environ: dict[str, str] | None = None, flags: dict[str, Any] | None = None) -> Settings:
    file.write_text(text)
    return config.load(file, environ=environ or {}, flags=flags)


def _refused(file: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        _load(file, text, environ)
    return caught.value.message


def test_no_file_is_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upwell runs without any settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", "/home/ann")

    found = config.load(environ={})

    assert found.gateway.listen == ["127.0.0.1:4318"]
    assert found.data_dir == Path("/home/ann/.local/share/upwell")
    assert found.sinks == []


def test_the_folder_comes_before_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`./upwell.toml` is read if there is one, else the one in the user's configuration folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "upwell").mkdir(parents=True)
    (tmp_path / "home" / "upwell" / "upwell.toml").write_text("[gateway]\nburst = 7")
    assert config.load(environ={}).gateway.burst == 7

    (tmp_path / "upwell.toml").write_text("[gateway]\nburst = 8")

    assert config.load(environ={}).gateway.burst == 8


def test_flags_then_environment_then_file(file: Path) -> None:
    """Each setting comes from the first that has it; the others of its section stay."""
    text = "[gateway]\nburst = 1\nmax_connections = 1\nrate_per_second = 1"
    environ = {"UPWELL_GATEWAY__BURST": "2", "UPWELL_GATEWAY__MAX_CONNECTIONS": "2"}

    found = _load(file, text, environ, {"gateway": {"burst": 3}}).gateway

    assert (found.burst, found.max_connections, found.rate_per_second) == (3, 2, 1)


def test_lists_in_the_environment_are_json(file: Path) -> None:
    """Sinks need no file."""
    environ = {"UPWELL_SINKS": '[{"type": "cloudwatch", "region": "us-west-2"}]', "UPWELL_GATEWAY__LISTEN": '["127.0.0.1:1", "[::1]:1"]'}

    found = _load(file, "", environ)

    assert isinstance(found.sinks[0], CloudWatchSink)
    assert found.gateway.listen == ["127.0.0.1:1", "[::1]:1"]
    assert _load(file, "", {"UPWELL_CONSOLE__LISTEN": "[::1]:8318"}).console.listen == "[::1]:8318"
    assert "UPWELL_SINKS is not JSON" in _refused(file, "", {"UPWELL_SINKS": "[{"})


def test_other_environment_is_none_of_ours(file: Path) -> None:
    """Variables without the prefix are not settings; with it, misspelt ones are errors."""
    assert _load(file, "", {"PATH": "/bin", "XUPWELL_DATA_DIR": "/x"}).sinks == []

    assert "gateway.brust: is not a setting" in _refused(file, "", {"UPWELL_GATEWAY__BRUST": "2"})


def test_references_come_from_the_environment(file: Path) -> None:
    """Tokens stay out of the file."""
    text = '[[sinks]]\ntype = "otlp"\nendpoint = "https://${HOST}/x"\nheaders = { authorization = "Bearer ${TOKEN}" }'

    sink = _load(file, text, {"TOKEN": "abc", "HOST": "lake"}).sinks[0]

    assert isinstance(sink, OtlpSink)
    assert sink.headers["authorization"].get_secret_value() == "Bearer abc"
    assert sink.endpoint == "https://lake/x"
    assert "abc" not in repr(sink)
    assert _refused(file, text, {"TOKEN": "abc"}) == "sinks[0].endpoint: the environment has no variable HOST"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", 5), ('"5"', 5), ('"10 KB"', 10_000), ('"1.5KiB"', 1536), ('"2MiB"', 2 * 2**20), ('"1GB"', 10**9), ('"1TiB"', 2**40)],
)
def test_sizes_are_read(file: Path, text: str, expected: int) -> None:
    """Bytes, or a number with a unit of either kind."""
    assert _load(file, f"[journal]\nmax_bytes = {text}").journal.max_bytes == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("5", 5), ('"250ms"', 0.25), ('"5s"', 5), ('"2m"', 120), ('"24h"', 86400), ('"7d"', 604800)]
)
def test_durations_are_read(file: Path, text: str, expected: float) -> None:
    """Seconds, or a number with a unit."""
    assert _load(file, f"[journal]\nkeep = {text}").journal.keep == expected


@given(number=st.integers(1, 10**6), unit=st.sampled_from(["KiB", "MiB", "GiB"]))
def test_sizes_keep_their_value(number: int, unit: str) -> None:
    """Whatever the number, a size is its product with its unit."""
    factor = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}[unit]

    assert Settings.model_validate({"journal": {"max_bytes": f"{number}{unit}"}}).journal.max_bytes == number * factor


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("port = 1", "port: is not a setting"),
        ("[gateway]\nport = 1", "gateway.port: is not a setting"),
        ('[gateway]\nlisten = "4318"', "'4318' is not host:port"),
        ('[gateway]\nlisten = "127.0.0.1:70000"', "is not host:port"),
        ("[gateway]\nlisten = []", "gateway.listen"),
        ('[gateway]\nmax_body_bytes = "1TiB"', "gateway.max_body_bytes"),
        ("[gateway]\nburst = 0", "gateway.burst"),
        ('[gateway]\ntls_cert = "x"', "tls_cert and tls_key go together"),
        ('[gateway]\ntrusted_proxies = ["10.0.0.0/99"]', "gateway.trusted_proxies.0"),
        ('[journal]\nmax_bytes = "10 parsecs"', "'10 parsecs' is not a number with one of the units"),
        ('[journal]\nkeep = "-1h"', "journal.keep"),
        ('[console]\nlisten = "0.0.0.0:8318"', "is not loopback"),
        ('[policy]\nperson = "name"', "policy.person"),
        ('[[sinks]]\ntype = "fax"', "sinks.0"),
        ('[[sinks]]\nregion = "us-west-2"', "sinks.0"),
        ('[[sinks]]\ntype = "cloudwatch"', "region"),
        ('[[sinks]]\ntype = "cloudwatch"\nregion = "Oregon"', "region"),
        ('[[sinks]]\ntype = "otlp"\nendpoint = "lake.example.com"', "endpoint"),
        ('[[sinks]]\ntype = "otlp"\nendpoint = "http://x"\nname = "A B"', "name"),
    ],
)
def test_a_wrong_setting_is_named(file: Path, text: str, sentence: str) -> None:
    """The file, the field, and what it should be."""
    message = _refused(file, text)

    assert message.startswith(str(file))
    assert sentence in message


def test_every_wrong_setting_is_named_at_once(file: Path) -> None:
    """Nobody wants to find five mistakes in five starts."""
    message = _refused(file, "[gateway]\nport = 1\nburst = 0")

    assert "gateway.port" in message
    assert "gateway.burst" in message


def test_broken_files_are_sentences(file: Path) -> None:
    """Not TOML, not UTF-8, not readable, not there."""
    assert "is not TOML" in _refused(file, "[gateway")
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is not TOML"):
        config.load(file, environ={})
    with pytest.raises(ConfigError, match="there is no configuration file"):
        config.load(file.with_name("none.toml"), environ={})


def test_keys_stay_private_beyond_loopback(file: Path) -> None:
    """Clear text on a network must be asked for in so many words."""
    assert "would carry keys in clear" in _refused(file, '[gateway]\nlisten = ["127.0.0.1:1", "10.0.0.1:1"]')

    assert _load(file, '[gateway]\nlisten = "10.0.0.1:1"\ninsecure = true').gateway.insecure
    assert _load(file, '[gateway]\nlisten = "10.0.0.1:1"\ntls_cert = "c"\ntls_key = "k"').gateway.tls_cert == Path("c")


def test_sinks_are_named_by_their_type_and_differ(file: Path) -> None:
    """A name is needed only where two sinks would share one."""
    two = '[[sinks]]\ntype = "otlp"\nendpoint = "http://x"\n[[sinks]]\ntype = "otlp"\nendpoint = "http://y"\n'

    assert "two sinks are named 'otlp'" in _refused(file, two)
    assert [sink.name for sink in _load(file, two + 'name = "other"').sinks] == ["otlp", "other"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1:1", True), ("[::1]:1", True), ("localhost:1", True), ("0.0.0.0:1", False), ("[::]:1", False), ("host:1", False)],
)
def test_loopback_is_known(address: str, expected: bool) -> None:
    """Names other than localhost may point anywhere."""
    assert config.is_loopback(address) is expected


def test_addresses_are_split() -> None:
    """Brackets belong to the spelling of an address, not to it."""
    assert config.split_address("[::1]:4318") == ("::1", 4318)
    assert config.split_address("127.0.0.1:0") == ("127.0.0.1", 0)


def test_settings_do_not_change() -> None:
    """They are read once, and everybody has the same."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().gateway.burst = 3  # type: ignore[misc] # that it is read-only is the point


def test_the_store_s_name_is_taken(file: Path) -> None:
    """A sink named as the usage store would share its lanes."""
    said = _refused(file, '[[sinks]]\ntype = "otlp"\nname = "usage"\nendpoint = "http://127.0.0.1:9"')

    assert "cannot be named 'usage'" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('teams = ["data-eu", "data.EU"]', "serverless: teams 'data-eu' and 'data.EU' would share the names of their resources"),
        ('teams = ["a"]\nkeys = { b = [1] }', "serverless: keys names 'b', which is not in teams"),
        ('teams = ["a"]\nlimits = { b = { rate = 1 } }', "serverless: limits names 'b', which is not in teams"),
        ('teams = ["a"]\nkeys = { a = [2, 2] }', "serverless: keys lists a number twice for 'a'"),
        ('teams = ["a"]\nkeys = { a = [] }', "serverless.keys.a: "),
        ('teams = ["a b"]', "serverless.teams.0: "),
        ("teams = []", "serverless.teams: "),
        ("retention_days = 91", "serverless.retention_days: 91 is not one of the days that CloudWatch Logs takes: 1, 3, 5"),
        ('region = "oregon"', "serverless.region: "),
        ('stack = "1st"', "serverless.stack: "),
        ('allow_cidrs = ["10.0.0.0/40"]', "serverless.allow_cidrs.0: "),
        ('log_group = "with spaces"', "serverless.log_group: "),
        ('alarm_email = "nobody"', "serverless.alarm_email: "),
        ('kms_key = "alias/mine"', "serverless.kms_key: "),
        ("limits = { platform = { rate = 0 } }", "serverless.limits.platform.rate: "),
        ('transaction_search = "maybe"', "serverless.transaction_search: "),
    ],
)
def test_a_serverless_shape_that_could_not_be_made_is_refused(file: Path, text: str, said: str) -> None:
    """What CloudFormation would find out after minutes is said at once."""
    assert said in _refused(file, f"[serverless]\n{text}")


def test_the_serverless_shape_needs_no_settings(file: Path) -> None:
    """One team, one key, ninety days."""
    found = _load(file, "").serverless

    assert (found.stack, found.teams, found.keys, found.retention_days, found.region) == ("upwell", ["platform"], {}, 90, None)
    assert (found.allow_cidrs, found.alarm_email, found.access_logs, found.transaction_search) == ([], None, False, "auto")
