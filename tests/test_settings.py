"""Settings come from the environment once, are frozen, and say what is wrong without showing values."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Plan, Settings, SettingsError, read_settings


def test_everything_has_a_default() -> None:
    settings = read_settings()
    assert settings.data_dir == Path("var")
    assert settings.database_url == "sqlite:///var/threepercent.db"
    assert settings.log_format == "json"
    assert settings.import_memory_bytes == 2 * 1024**3
    assert settings.import_seconds_per_50_mb == 120


def test_the_default_database_lies_in_the_data_folder(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).database_url == f"sqlite:///{tmp_path}/threepercent.db"


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", "postgresql://host/name")
    monkeypatch.setenv("THREEPERCENT_LOG_LEVEL", "debug")
    monkeypatch.setenv("THREEPERCENT_TEST_POSTGRESQL_URL", "is the test suite's")
    settings = read_settings()
    assert (settings.database_url, settings.log_level) == ("postgresql://host/name", "debug")


def test_a_misspelt_variable_is_refused_with_those_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_DATABASE", "postgresql://ada:s3cret@host/name")
    with pytest.raises(SettingsError, match="THREEPERCENT_DATABASE_URL") as caught:
        read_settings()
    assert "Unknown variable in the environment: THREEPERCENT_DATABASE." in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_wrong_value_is_named_by_its_variable_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_LOG_LEVEL", "s3cret")
    monkeypatch.setenv("THREEPERCENT_IMPORT_SECONDS_PER_50_MB", "0")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    message = str(caught.value)
    assert "THREEPERCENT_LOG_LEVEL: " in message
    assert "THREEPERCENT_IMPORT_SECONDS_PER_50_MB: " in message
    assert "s3cret" not in message


def test_settings_are_frozen_and_do_not_print_the_database() -> None:
    settings = Settings(database_url="postgresql://ada:s3cret@host/name")
    with pytest.raises(ValidationError):
        settings.log_level = "debug"
    assert "s3cret" not in repr(settings)


def test_a_plan_says_only_what_is_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "THREEPERCENT_PLANS", '{"anonymous": {"requests_per_minute": 9}, "large": {"quotes_per_day": 7}}'
    )
    settings = read_settings()
    assert settings.plan("anonymous") == Plan(requests_per_minute=9, requests_per_day=20_000, quotes_per_day=0)
    assert settings.plan("large") == Plan(requests_per_minute=600, requests_per_day=200_000, quotes_per_day=7)
    assert settings.plan("never set") == settings.plan("standard")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PLANS", '{"standard": {"requests_per_minute": 0}}', "PLANS.standard.requests_per_minute: "),
        ("PLANS", '{"standard": {"per_hour": 1}}', "PLANS.standard.per_hour: "),
        ("PLANS", '{"standard": 5}', "PLANS.standard: "),
        ("REDIS_URL", "https://user:secret@redis.example", "REDIS_URL: expected redis://host:6379/0"),
        ("TRUSTED_PROXIES", '["10.0.0.1/8"]', "TRUSTED_PROXIES: expected networks as JSON"),
    ],
)
def test_limits_that_cannot_be_are_told(variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"THREEPERCENT_{variable}", value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value).startswith(f"THREEPERCENT_{said}")
    assert "secret" not in str(refused.value)
