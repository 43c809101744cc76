"""Partners and keys as both databases keep them, and the secret that keys are hashed under."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from app.accounts import By, add_partner, end_partner, find_key, give_providers, key_secret, take_providers
from app.db import reading, writing
from app.domain.key_errors import KeyRevoked
from app.domain.keys import digest, read_key
from app.domain.partners import GivenProvider, KeyKind, Partner, PartnerKind, Scope
from app.domain.vocabulary import ProviderType
from app.settings import Settings, SettingsError
from app.store import keys, partners
from tests.api.keyed import ACTOR, key_of, partner_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BY = By(actor=ACTOR, now=NOW)


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"data_dir": tmp_path})


def test_a_partner_is_read_as_it_was_added(empty_engine: Engine) -> None:
    names = {"a-b": GivenProvider("Ä B", ProviderType.BANK), "c": GivenProvider("C", ProviderType.POST_OFFICE)}
    partner = Partner(id="somebody", name="Somebody Ltd", kind=PartnerKind.PROVIDER, plan="gold", providers=names)
    with writing(empty_engine) as connection:
        add_partner(connection, partner, BY)
        assert partners.find(connection, "somebody") == partner
        give_providers(connection, partner, {"c": GivenProvider("C", ProviderType.BANK)}, BY)
        take_providers(connection, partner, ["a-b"], BY)
        changed = partners.find(connection, "somebody")
        assert changed is not None
        assert changed.providers == {"c": GivenProvider("C", ProviderType.BANK)}
        end_partner(connection, partner, BY)
        assert partners.find(connection, "somebody") is None
        assert partners.exists(connection, "somebody")
        assert partners.active_ids(connection) == []
        assert partners.listed(connection)[0].ended_at == NOW


def test_operators_are_no_sources(empty_engine: Engine) -> None:
    partner_of(empty_engine)
    partner_of(empty_engine, "Night Desk", PartnerKind.OPERATOR)
    with reading(empty_engine) as connection:
        assert [each.id for each in partners.everybody(connection)] == ["example-transfer"]


def test_a_key_is_found_by_its_hash_and_by_nothing_else(empty_engine: Engine, own: Settings) -> None:
    made = key_of(empty_engine, own, partner_of(empty_engine), Scope.ACCOUNT, networks=("203.0.113.0/24",))
    found = find_key(empty_engine, digest(key_secret(own), read_key(made.key)))
    assert found is not None
    assert (found.record, found.partner) == (made.made.record, made.partner)
    assert find_key(empty_engine, digest(b"x" * 32, read_key(made.key))) is None


def test_a_revoked_key_keeps_its_time_and_a_rotated_one_its_earlier_end(empty_engine: Engine, own: Settings) -> None:
    partner = partner_of(empty_engine)
    soon = NOW + timedelta(hours=1)
    one = key_of(empty_engine, own, partner, expires_at=soon).made.record
    with writing(empty_engine) as connection:
        keys.succeed(connection, one.id, "key_next", NOW + timedelta(days=1))
        keys.revoke(connection, one.id, NOW)
        keys.revoke(connection, one.id, soon)
        found = keys.find(connection, one.id)
    assert found is not None
    assert (found.expires_at, found.revoked_at, found.successor) == (soon, NOW, "key_next")


def test_last_use_only_moves_on(empty_engine: Engine, own: Settings) -> None:
    one = key_of(empty_engine, own, partner_of(empty_engine)).made.record
    with writing(empty_engine) as connection:
        for at in (NOW, NOW + timedelta(seconds=5), NOW + timedelta(seconds=1)):
            keys.record_uses(connection, {one.id: at, "key_that_never_was": at})
        found = keys.find(connection, one.id)
    assert found is not None
    assert found.last_used_at == NOW + timedelta(seconds=5)


def test_a_key_of_an_ended_partner_counts_as_revoked(empty_engine: Engine, own: Settings) -> None:
    made = key_of(empty_engine, own, partner_of(empty_engine), kind=KeyKind.PUBLISHABLE)
    with writing(empty_engine) as connection:
        end_partner(connection, made.partner, BY)
    found = find_key(empty_engine, digest(key_secret(own), read_key(made.key)))
    assert found is not None
    with pytest.raises(KeyRevoked):
        found.caller(NOW, None)


def test_two_keys_never_share_a_hash(empty_engine: Engine, own: Settings) -> None:
    made = key_of(empty_engine, own, partner_of(empty_engine))
    hashed = digest(key_secret(own), read_key(made.key))
    with pytest.raises(IntegrityError), writing(empty_engine) as connection:
        keys.add(connection, made.made.record, hashed)


def test_of_many_who_make_the_secret_at_once_all_use_the_same(own: Settings) -> None:
    with ThreadPoolExecutor(16) as threads:
        secrets = set(threads.map(lambda _: key_secret(own), range(64)))
    assert len(secrets) == 1
    assert sorted(path.name for path in own.data_dir.iterdir()) == ["key.secret"]
    assert (own.data_dir / "key.secret").stat().st_mode & 0o777 == 0o600


def test_a_secret_of_the_settings_makes_no_file(own: Settings) -> None:
    assert key_secret(own.model_copy(update={"key_secret": "s" * 32})) == b"s" * 32
    assert list(own.data_dir.iterdir()) == []


def test_a_secret_that_cannot_be_used_is_said_to_be_without_being_shown(own: Settings) -> None:
    (own.data_dir / "key.secret").write_text("short")
    with pytest.raises(SettingsError, match="too short"):
        key_secret(own)
    (own.data_dir / "key.secret").unlink()
    (own.data_dir / "key.secret").mkdir()
    with pytest.raises(SettingsError, match="THREEPERCENT_KEY_SECRET"):
        key_secret(own)
