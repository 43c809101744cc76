"""Settings: read once from the environment, frozen, handed to whoever needs them; its only reader."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "THREEPERCENT_"
TEST_PREFIX = "THREEPERCENT_TEST_"  # read by the test suite, never by the application


class SettingsError(Exception):
    """The environment cannot be used as it is; the message names each variable, what is wrong and what is expected."""


class Plan(BaseModel):
    """How much may be asked of the API; days are those of UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute: int = Field(ge=1)
    requests_per_day: int = Field(ge=1)
    quotes_per_day: int = Field(ge=0, description="Quotes that are judged: pushed, corrected or tried out.")


ANONYMOUS_PLAN = "anonymous"
PUBLISHABLE_PLAN = "publishable"
STANDARD_PLAN = "standard"
PLANS = {
    ANONYMOUS_PLAN: Plan(requests_per_minute=300, requests_per_day=20_000, quotes_per_day=0),
    PUBLISHABLE_PLAN: Plan(requests_per_minute=6_000, requests_per_day=2_000_000, quotes_per_day=0),
    STANDARD_PLAN: Plan(requests_per_minute=600, requests_per_day=200_000, quotes_per_day=2_000_000),
}
"""Those that are there without being set: without a key (for each address), with an app's key, with a partner's."""


class Settings(BaseSettings):
    """What an operator may decide, each as ``THREEPERCENT_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: Path = Field(default=Path("var"), description="Folder for everything that is kept beside the database.")
    database_url: str = Field(
        default_factory=lambda data: f"sqlite:///{data.get('data_dir', Path('var')) / 'threepercent.db'}",
        min_length=1,
        repr=False,
        description="`sqlite:///file.db` (default: `threepercent.db` in the data folder) or `postgresql://…`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe log line that is written."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="`json` for machines, one object a line; `console` for people."
    )
    import_memory_bytes: int = Field(
        default=2 * 1024**3,
        ge=256 * 1024**2,
        description="Address space of the process that reads an import file.",
    )
    import_seconds_per_50_mb: int = Field(
        default=120, ge=1, description="Time to read an import file, for each 50 MB or part of them."
    )
    import_bytes: int = Field(
        default=2 * 1024**3, ge=1024, description="Bytes of a file that a partner sends, packed and unpacked."
    )
    refresh_in_server: bool = Field(
        default=False, description="Whether `serve` also fetches sources when they are due, as `refresh` does."
    )
    source_urls: dict[str, str] = Field(
        default_factory=dict, description='Other addresses of sources, as JSON: `{"ecb": "https://mirror.example/"}`.'
    )
    fetch_networks: tuple[str, ...] = Field(
        default=(),
        description='Networks not global that sources may be fetched from all the same, as JSON: `["10.1.0.0/16"]`.',
    )
    fetch_contact: str = Field(
        default="", description="Whom those who are asked may write to: a mail or web address, in the User-Agent."
    )
    key_secret: str | None = Field(
        default=None,
        min_length=32,
        repr=False,
        description="Secret that keys are hashed under, at least 32 characters; else one is made in the data folder.",
    )
    public_sources: tuple[str, ...] = Field(
        default=(),
        description='Sources shown to everybody although their terms of reuse are unknown, as JSON: `["wise"]`.',
    )
    limits_enabled: bool = Field(default=True, description="Whether requests and quotes are limited.")
    plans: dict[str, Plan] = Field(
        default_factory=dict,
        validate_default=True,
        description='Limits by plan, as JSON: `{"standard": {"requests_per_minute": 1200}}`; the rest stays as it is.',
    )
    redis_url: str = Field(
        default="", repr=False, description="`redis://…` or `rediss://…`, through which workers share their limits."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description='Networks of proxies whose X-Forwarded-For is believed, as JSON: `["10.0.0.0/8"]`.'
    )

    @field_validator("plans", mode="before")
    @classmethod
    def _complete_plans(cls, given: object) -> object:
        """Fill in what an operator left out: plans, and limits of a plan."""
        if not isinstance(given, Mapping):
            return given
        known: dict[str, Plan] = {**dict.fromkeys(given, PLANS[STANDARD_PLAN]), **PLANS}
        left_out = {name: plan for name, plan in known.items() if name not in given}
        partly = {name: limits for name, limits in given.items() if isinstance(limits, Mapping)}
        return {**left_out, **given, **{name: {**known[name].model_dump(), **partly[name]} for name in partly}}

    @field_validator("redis_url")
    @classmethod
    def _check_redis(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://")):
            raise ValueError("expected redis://host:6379/0, or rediss:// for TLS")
        return url

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            try:
                ip_network(text)
            except ValueError:
                raise ValueError('expected networks as JSON: ["10.0.0.0/8", "fd00::/8"]') from None
        return given

    def plan(self, name: str) -> Plan:
        """Return a plan; the standard one where nobody has set limits for this name."""
        return self.plans.get(name, self.plans[STANDARD_PLAN])

    @property
    def releases_dir(self) -> Path:
        """The folder of the published releases."""
        return self.data_dir / "releases"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments first, then the environment, in which an unknown variable of ours is refused."""
        return init_settings, env_settings, _UnknownVariables(settings_cls)


class _UnknownVariables(PydanticBaseSettingsSource):
    """Gives no value; refuses variables with our prefix that mean nothing, since most are misspelt."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - pydantic's
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        unknown = unknown_variables(os.environ)
        if unknown:
            known = ", ".join(sorted(_variable(name) for name in self.settings_cls.model_fields))
            raise SettingsError(f"Unknown variable in the environment: {', '.join(unknown)}. Known are {known}.")
        return {}


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return the variables with our prefix that are no setting, sorted; those of the test suite are not ours."""
    known = {_variable(name) for name in Settings.model_fields}
    ours = (name for name in environment if name.upper().startswith(PREFIX))
    return sorted(name for name in ours if name.upper() not in known and not name.upper().startswith(TEST_PREFIX))


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises SettingsError with one line for each variable that is wrong; never shows a value, since some are secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"{'.'.join([_variable(str(wrong['loc'][0])), *map(str, wrong['loc'][1:])])}: "
            f"{wrong['msg'].removeprefix('Value error, ')}"
            for wrong in error.errors(include_input=False)
        ]
        raise SettingsError("\n".join(lines)) from None


def _variable(field: str) -> str:
    return f"{PREFIX}{field.upper()}"
