"""Settings: where they come from, in which order, and what is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from daypass.config import Config, ConfigProblem, key_weakness, load

if TYPE_CHECKING:
    from pathlib import Path


def test_without_anything_the_defaults_hold() -> None:
    config = load({}, {"PATH": "/bin", "AWS_REGION": "x"})
    assert config == Config()
    assert config.endpoint(4100) == "http://localhost:4100"
    assert config.processes >= 1


def test_flags_come_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "daypass.toml"
    file.write_text('port = 1\nworkers = 1\nregion = "eu-west-1"\n[sts]\nminimum_duration = 5\n')
    config = load({"port": "3", "host": None}, {"DAYPASS_PORT": "2", "DAYPASS_WORKERS": "2"}, file)
    assert (config.port, config.workers, config.region, config.sts_minimum_duration) == (3, 2, "eu-west-1", 5)
    assert config.settings.sts_minimum_duration == 5
    assert load({}, {"DAYPASS_CONFIG": str(file)}).port == 1


@pytest.mark.parametrize("setting", fields(Config), ids=lambda f: f.metadata["name"])
def test_every_setting_has_a_variable_of_its_name_and_a_text(setting: object) -> None:
    name = setting.metadata["name"]  # type: ignore[attr-defined]
    assert setting.metadata["text"].endswith(".")  # type: ignore[attr-defined]
    with pytest.raises(ConfigProblem) as refused:
        load({}, {"DAYPASS_" + name.replace(".", "_").upper(): "\n"})
    assert str(refused.value).startswith("DAYPASS_")
    assert "there is no setting" not in str(refused.value)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"DAYPASS_PROT": "1"}, "DAYPASS_PROT: there is no setting prot (did you mean port?)"),
        ({"DAYPASS_PORT": "70000"}, "DAYPASS_PORT: expected a number from 0 to 65535"),
        ({"DAYPASS_PORT": "0x10"}, "expected a number"),
        ({"DAYPASS_PORT": "٤"}, "expected a number"),
        ({"DAYPASS_ACCOUNT_ID": "12345"}, "12 digits"),
        ({"DAYPASS_AUDIT_DURABILITY": "none"}, "expected relaxed or strict"),
        ({"DAYPASS_INSECURE_HTTP": "maybe"}, "expected true or false"),
        ({"DAYPASS_REGION": "Frankfurt"}, "a region"),
        ({"DAYPASS_ADMIN_ACCESS_KEY_ID": "test"}, "together or not at all"),
        ({"DAYPASS_HOST": "0.0.0.0"}, "--insecure-http"),
        ({"DAYPASS_HOST": "::"}, "--insecure-http"),
        ({"DAYPASS_HOST": "example.org"}, "--insecure-http"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_name(environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigProblem) as refused:
        load({}, environ)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_is_held_to_the_same(tmp_path: Path) -> None:
    file = tmp_path / "daypass.toml"
    for text, words in (
        ("[sts]\nlongest = 1\n", "there is no setting sts.longest"),
        ("ports = 1\n", "did you mean port?"),
        ("port = true\n", "expected a number"),
        ("port = \n", "line 1"),
    ):
        file.write_text(text)
        with pytest.raises(ConfigProblem, match=r"daypass\.toml: ") as refused:
            load({}, {}, file)
        assert words in str(refused.value)
    with pytest.raises(ConfigProblem, match="No such file"):
        load({}, {}, tmp_path / "none.toml")


def test_kubernetes_own_variables_and_empty_ones_are_no_settings() -> None:
    environ = {
        "DAYPASS_SERVICE_HOST": "10.0.0.1", "DAYPASS_SERVICE_PORT": "4100", "DAYPASS_SERVICE_PORT_HTTP": "4100",
        "DAYPASS_PORT": "tcp://10.0.0.1:4100", "DAYPASS_PORT_4100_TCP": "tcp://10.0.0.1:4100",
        "DAYPASS_PORT_4100_TCP_PROTO": "tcp", "DAYPASS_ACCOUNT_ID": "",
    }  # fmt: skip
    assert load({}, environ) == Config()


def test_loopback_is_served_plain_with_any_key() -> None:
    keys = {"DAYPASS_ADMIN_ACCESS_KEY_ID": "test", "DAYPASS_ADMIN_SECRET_ACCESS_KEY": "test"}
    for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        config = load({"host": host}, keys)
        assert config.admin_access_key_id == "test"
        assert config.endpoint(1) == "http://localhost:1"
    assert load({"host": "0.0.0.0", "insecure_http": True}, {}).endpoint(1) == "http://localhost:1"
    assert load({"host": "fd00::1", "insecure_http": True}, {}).endpoint(1) == "http://[fd00::1]:1"
    with pytest.raises(ConfigProblem, match="not served to other machines"):
        load({"host": "0.0.0.0", "insecure_http": True}, keys)


def test_k1_weak_and_known_keys_are_told_from_good_ones() -> None:
    assert key_weakness("AKIAABCDEFGHIJKLMNOP", "DGJp1zKqZN9jRwjLQWsv2aSuw6gHS5x7gD3KddD+") is None
    for secret in (
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "minioadminminioadminminioadminminioadmin",
        "short",
        "a" * 40,
        "akiaabcdefghijklmnop1zKqZN9jRwjLQWsv2aSu",
    ):
        assert key_weakness("AKIAABCDEFGHIJKLMNOP", secret) is not None


def test_g3_a_secret_is_neither_shown_nor_repeated() -> None:
    secret = "DGJp1zKqZN9jRwjLQWsv2aSuw6gHS5x7gD3KddD+"
    config = load({}, {"DAYPASS_ADMIN_ACCESS_KEY_ID": "test", "DAYPASS_ADMIN_SECRET_ACCESS_KEY": secret})
    assert secret not in repr(config)
    with pytest.raises(ConfigProblem) as refused:
        load({}, {"DAYPASS_ADMIN_ACCESS_KEY_ID": "test", "DAYPASS_ADMIN_SECRET_ACCESS_KEY": secret + "\n"})
    assert secret not in str(refused.value)
