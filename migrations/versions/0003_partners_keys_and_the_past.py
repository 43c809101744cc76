"""Partners, their keys and what they push; what was put right, and the log of who did what.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

from app.db import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


# What was there before its past was kept counts as known since the first version that could have brought it.
_ROUNDS_KNOWN = """
    INSERT INTO round_versions (source, corridor, period, dataset_version, current_quotes)
    SELECT rounds.source, rounds.corridor, rounds.period,
        (SELECT min(quotes.dataset_version) FROM quotes WHERE quotes.source = rounds.source
            AND quotes.period = rounds.period AND quotes.corridor = rounds.corridor),
        rounds.current_quotes
    FROM rounds
"""
_INSTITUTIONS_KNOWN = """
    INSERT INTO institution_versions
        (key, dataset_version, source, name, country, pivot_currency, rate_type, link, cadence)
    SELECT key,
        coalesce((SELECT min(fixings.dataset_version) FROM fixings WHERE fixings.institution = institutions.key), 0),
        source, name, country, pivot_currency, rate_type, link, cadence
    FROM institutions
"""


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", columns.KeyText(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("partner", columns.KeyText(), nullable=False),
        sa.Column("kind", columns.KeyText(), nullable=False),
        sa.Column("shown", columns.KeyText(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("networks", sa.Text(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", columns.UtcDateTime(), nullable=True),
        sa.Column("last_used_at", columns.UtcDateTime(), nullable=True),
        sa.Column("successor", columns.KeyText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_index(op.f("ix_api_keys_partner"), "api_keys", ["partner"], unique=False)

    op.create_table(
        "audit_log",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", columns.KeyText(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_log")),
    )
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", columns.KeyText(), nullable=False),
        sa.Column("dataset_version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", columns.UtcDateTime(), nullable=False),
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("corridor", columns.KeyText(), nullable=True),
        sa.Column("provider", columns.KeyText(), nullable=True),
        sa.Column("quotes", sa.Integer(), nullable=False),
        sa.Column("quote_id", columns.QuoteId(), nullable=True),
        sa.Column("successor_id", columns.QuoteId(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_dataset_version"), "corrections", ["dataset_version"], unique=False)

    op.create_table(
        "idempotent_answers",
        sa.Column("partner", columns.KeyText(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("partner", "key_hash", name=op.f("pk_idempotent_answers")),
    )
    op.create_index(op.f("ix_idempotent_answers_created_at"), "idempotent_answers", ["created_at"], unique=False)

    op.create_table(
        "import_jobs",
        sa.Column("id", columns.KeyText(), nullable=False),
        sa.Column("partner", columns.KeyText(), nullable=False),
        sa.Column("key_id", columns.KeyText(), nullable=False),
        sa.Column("request_id", columns.KeyText(), nullable=False),
        sa.Column("file_hash", columns.KeyText(), nullable=False),
        sa.Column("media_type", columns.KeyText(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_at", columns.UtcDateTime(), nullable=False),
        sa.Column("state", columns.KeyText(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_jobs")),
    )
    op.create_index(op.f("ix_import_jobs_partner"), "import_jobs", ["partner"], unique=False)
    op.create_index(op.f("ix_import_jobs_state"), "import_jobs", ["state"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("about", columns.KeyText(), nullable=False),
        sa.Column("subject", columns.KeyText(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since_version", sa.Integer(), nullable=False),
        sa.Column("until_version", sa.Integer(), nullable=True),
        sa.Column("recorded_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_table(
        "partner_providers",
        sa.Column("partner", columns.KeyText(), nullable=False),
        sa.Column("provider", columns.KeyText(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("provider_type", columns.KeyText(), nullable=False),
        sa.PrimaryKeyConstraint("partner", "provider", name=op.f("pk_partner_providers")),
    )
    op.create_table(
        "partners",
        sa.Column("id", columns.KeyText(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", columns.KeyText(), nullable=False),
        sa.Column("plan", columns.KeyText(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("ended_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
    )
    op.create_table(
        "provider_visibility",
        sa.Column("provider", columns.KeyText(), nullable=False),
        sa.Column("dataset_version", sa.Integer(), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "dataset_version", name=op.f("pk_provider_visibility")),
    )
    op.create_table(
        "quarantined_quotes",
        sa.Column("quote_id", columns.QuoteId(), nullable=False),
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("partner", columns.KeyText(), nullable=False),
        sa.Column("external_id", columns.KeyText(), nullable=False),
        sa.Column("corridor", columns.KeyText(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("recorded_at", columns.UtcDateTime(), nullable=False),
        sa.Column("status", columns.KeyText(), nullable=False),
        sa.Column("decided_at", columns.UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("quote_id", name=op.f("pk_quarantined_quotes")),
    )
    op.create_index(op.f("ix_quarantined_quotes_import_id"), "quarantined_quotes", ["import_id"], unique=False)
    op.create_index(op.f("ix_quarantined_quotes_partner"), "quarantined_quotes", ["partner"], unique=False)
    op.create_index(op.f("ix_quarantined_quotes_status"), "quarantined_quotes", ["status"], unique=False)

    op.create_table(
        "rejected_items",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("partner", columns.KeyText(), nullable=False),
        sa.Column("external_id", columns.KeyText(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("recorded_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "place", name=op.f("pk_rejected_items")),
    )
    op.create_index(op.f("ix_rejected_items_partner"), "rejected_items", ["partner"], unique=False)
    op.create_index(op.f("ix_rejected_items_recorded_at"), "rejected_items", ["recorded_at"], unique=False)

    op.create_table(
        "usage",
        sa.Column("partner", columns.KeyText(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("quotes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("partner", "day", name=op.f("pk_usage")),
    )
    op.add_column("imports", sa.Column("public_id", columns.KeyText(), nullable=True))
    op.add_column("imports", sa.Column("partner", columns.KeyText(), nullable=True))
    op.add_column("imports", sa.Column("key_id", columns.KeyText(), nullable=True))
    op.add_column("imports", sa.Column("request_id", columns.KeyText(), nullable=True))
    op.add_column("imports", sa.Column("withdrawn_version", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_imports_partner"), "imports", ["partner"], unique=False)
    op.create_index(op.f("ix_imports_public_id"), "imports", ["public_id"], unique=True)
    op.create_table(
        "round_versions",
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("corridor", columns.KeyText(), nullable=False),
        sa.Column("period", columns.KeyText(), nullable=False),
        sa.Column("dataset_version", sa.Integer(), nullable=False),
        sa.Column("current_quotes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "corridor", "period", "dataset_version", name=op.f("pk_round_versions")),
    )
    op.create_table(
        "institution_versions",
        sa.Column("key", columns.KeyText(), nullable=False),
        sa.Column("dataset_version", sa.Integer(), nullable=False),
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", columns.KeyText(), nullable=True),
        sa.Column("pivot_currency", columns.KeyText(), nullable=True),
        sa.Column("rate_type", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("cadence", columns.KeyText(), nullable=True),
        sa.PrimaryKeyConstraint("key", "dataset_version", name=op.f("pk_institution_versions")),
    )
    op.execute(_ROUNDS_KNOWN)
    op.execute(_INSTITUTIONS_KNOWN)
    op.add_column("provider_spellings", sa.Column("since_version", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_dataset_versions_committed_at_version", "dataset_versions", ["committed_at", "version"])
    op.create_index("ix_quotes_import_id", "quotes", ["import_id"], unique=False)
    op.create_index("ix_quote_changes_other_quote_id", "quote_changes", ["other_quote_id"], unique=False)


def downgrade() -> None:
    op.execute("DELETE FROM live_quotes WHERE source LIKE 'partner-%'")  # sources that the schema before does not know
    op.execute("DELETE FROM quotes WHERE source LIKE 'partner-%'")
    op.drop_index("ix_quote_changes_other_quote_id", table_name="quote_changes")
    op.drop_index("ix_quotes_import_id", table_name="quotes")
    op.drop_index("ix_dataset_versions_committed_at_version", table_name="dataset_versions")
    op.drop_column("provider_spellings", "since_version")
    op.drop_table("institution_versions")
    op.drop_table("round_versions")
    op.drop_index(op.f("ix_imports_public_id"), table_name="imports")
    op.drop_index(op.f("ix_imports_partner"), table_name="imports")
    op.drop_column("imports", "withdrawn_version")
    op.drop_column("imports", "request_id")
    op.drop_column("imports", "key_id")
    op.drop_column("imports", "partner")
    op.drop_column("imports", "public_id")

    op.drop_table("usage")

    op.drop_table("rejected_items")

    op.drop_table("quarantined_quotes")
    op.drop_table("provider_visibility")
    op.drop_table("partners")
    op.drop_table("partner_providers")
    op.drop_table("notices")

    op.drop_table("import_jobs")

    op.drop_table("idempotent_answers")

    op.drop_table("corrections")
    op.drop_table("audit_log")

    op.drop_table("api_keys")
