"""Reference rates, live quotes, and what is known of the sources that are fetched.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

from app.db import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_rates()
    _create_fetching()
    _name_sources_of_versions()
    op.create_table(
        "live_quotes",
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("source_key", columns.KeyText(), nullable=False),
        sa.Column("tier", columns.KeyText(), nullable=False),
        sa.Column("scope", columns.KeyText(), nullable=False),
        sa.Column("corridor", columns.KeyText(), nullable=False),
        sa.Column("observed_at", columns.UtcDateTime(), nullable=False),
        sa.Column("quote_id", columns.QuoteId(), nullable=False),
        sa.PrimaryKeyConstraint("source", "source_key", "tier", name=op.f("pk_live_quotes")),
    )
    op.create_index(op.f("ix_live_quotes_corridor"), "live_quotes", ["corridor"], unique=False)
    op.create_index(op.f("ix_live_quotes_scope"), "live_quotes", ["scope"], unique=False)
    op.create_index("ix_imports_source_status_id", "imports", ["source", "status", "id"], unique=False)
    op.create_index("ix_imports_source_status_layout_id", "imports", ["source", "status", "layout", "id"], unique=False)
    with op.batch_alter_table("quotes") as quotes:
        quotes.add_column(sa.Column("valid_until", columns.UtcDateTime(), nullable=True))
        quotes.add_column(sa.Column("terms", sa.Text(), nullable=True))
        quotes.alter_column("amount", existing_type=columns.ExactDecimal(), nullable=True)
        quotes.alter_column("published_total_percent", existing_type=columns.ExactDecimal(), nullable=True)


def _name_sources_of_versions() -> None:
    for table in (
        "dataset_versions",
        "corridor_versions",
    ):  # in place: others refer to them, so that none may be dropped
        op.add_column(table, sa.Column("source", columns.KeyText(), nullable=False, server_default=""))
    op.execute(
        "UPDATE dataset_versions SET source = coalesce("
        "(SELECT imports.source FROM imports WHERE imports.id = dataset_versions.import_id), '')"
    )
    op.execute(
        "UPDATE corridor_versions SET source = "
        "(SELECT v.source FROM dataset_versions v WHERE v.version = corridor_versions.version)"
    )
    op.create_index("ix_dataset_versions_source_version", "dataset_versions", ["source", "version"], unique=False)
    op.create_index(
        "ix_corridor_versions_corridor_source_version",
        "corridor_versions",
        ["corridor", "source", "version"],
        unique=False,
    )


def _create_rates() -> None:
    op.create_table(
        "institutions",
        sa.Column("key", columns.KeyText(), nullable=False),
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", columns.KeyText(), nullable=True),
        sa.Column("pivot_currency", columns.KeyText(), nullable=True),
        sa.Column("rate_type", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("cadence", columns.KeyText(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_institutions")),
    )
    op.create_table(
        "fixings",
        sa.Column("institution", columns.KeyText(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("base", columns.KeyText(), nullable=False),
        sa.Column("quote", columns.KeyText(), nullable=False),
        sa.Column("dataset_version", sa.Integer(), nullable=False),
        sa.Column("value", columns.ExactDecimal(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "day", "base", "quote", "dataset_version", name=op.f("pk_fixings")),
    )


def _create_fetching() -> None:
    op.create_table(
        "fetches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("target", columns.KeyText(), nullable=False),
        sa.Column("due_at", columns.UtcDateTime(), nullable=True),
        sa.Column("started_at", columns.UtcDateTime(), nullable=False),
        sa.Column("finished_at", columns.UtcDateTime(), nullable=False),
        sa.Column("outcome", columns.KeyText(), nullable=False),
        sa.Column("failure_code", columns.KeyText(), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_bytes", sa.Integer(), nullable=False),
        sa.Column("content_hash", columns.KeyText(), nullable=True),
        sa.Column("question_hash", columns.KeyText(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused_rows", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetches")),
    )
    op.create_index(
        "ix_fetches_source_target_outcome_id", "fetches", ["source", "target", "outcome", "id"], unique=False
    )
    op.create_index("ix_fetches_started_at", "fetches", ["started_at"], unique=False)
    op.create_table(
        "fetch_days",
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fetches", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused_rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name=op.f("pk_fetch_days")),
    )
    op.create_table(
        "source_states",
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("paused_at", columns.UtcDateTime(), nullable=True),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("served_until", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_states")),
    )
    op.create_table(
        "breakers",
        sa.Column("host", columns.KeyText(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("open_until", columns.UtcDateTime(), nullable=True),
        sa.Column("changed_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_breakers")),
    )
    op.create_table(
        "leases",
        sa.Column("name", columns.KeyText(), nullable=False),
        sa.Column("owner", columns.KeyText(), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )


def downgrade() -> None:
    _forget()
    with op.batch_alter_table("quotes") as quotes:
        quotes.alter_column("published_total_percent", existing_type=columns.ExactDecimal(), nullable=False)
        quotes.alter_column("amount", existing_type=columns.ExactDecimal(), nullable=False)
        quotes.drop_column("terms")
        quotes.drop_column("valid_until")
    op.drop_index("ix_imports_source_status_layout_id", table_name="imports")
    op.drop_index("ix_imports_source_status_id", table_name="imports")
    op.drop_index("ix_corridor_versions_corridor_source_version", table_name="corridor_versions")
    op.drop_index("ix_dataset_versions_source_version", table_name="dataset_versions")
    for table in ("corridor_versions", "dataset_versions"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN source")  # in place, as it came
    op.drop_index(op.f("ix_live_quotes_scope"), table_name="live_quotes")
    op.drop_index(op.f("ix_live_quotes_corridor"), table_name="live_quotes")
    op.drop_table("live_quotes")
    op.drop_table("leases")
    op.drop_table("breakers")
    op.drop_table("source_states")
    op.drop_table("fetch_days")
    op.drop_index("ix_fetches_started_at", table_name="fetches")
    op.drop_index("ix_fetches_source_target_outcome_id", table_name="fetches")
    op.drop_table("fetches")
    op.drop_table("fixings")
    op.drop_table("institutions")


def _forget() -> None:
    """Delete what the tables of 0001 have no place for, and let its imports match nothing any more.

    Else the same bytes would count as unchanged after an upgrade, and what they hold would never come back.
    """
    op.execute(
        "UPDATE imports SET labels_hash = 'forgotten' WHERE source IN "
        "(SELECT source FROM institutions UNION SELECT source FROM quotes WHERE terms IS NOT NULL)"
    )
    for change in ("quote_id", "other_quote_id"):
        op.execute(
            f"DELETE FROM quote_changes WHERE {change} IN (SELECT id FROM quotes WHERE terms IS NOT NULL)"  # noqa: S608 - ours
        )
    op.execute("DELETE FROM quotes WHERE terms IS NOT NULL")
