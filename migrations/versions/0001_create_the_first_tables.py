"""The first tables: imports, dataset versions, corridors, providers, descriptions, quotes, changes, rounds.

Revision 0001, after none.
"""

import sqlalchemy as sa
from alembic import op

from app.db import columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "corridors",
        sa.Column("id", columns.KeyText(), nullable=False),
        sa.Column("sending_country", columns.KeyText(), nullable=False),
        sa.Column("receiving_country", columns.KeyText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corridors")),
    )
    op.create_table(
        "descriptions",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("provider", columns.KeyText(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("provider_type", columns.KeyText(), nullable=False),
        sa.Column("payment_instruments", columns.KeyText(), nullable=False),
        sa.Column("access_points", columns.KeyText(), nullable=False),
        sa.Column("receiving_methods", columns.KeyText(), nullable=False),
        sa.Column("transfer_speed", columns.KeyText(), nullable=False),
        sa.Column("network_coverage", columns.KeyText(), nullable=False),
        sa.Column("customer", columns.KeyText(), nullable=False),
        sa.Column("is_transparent", sa.Boolean(), nullable=False),
        sa.Column("is_promotional", sa.Boolean(), nullable=True),
        sa.Column("payout_currency", columns.KeyText(), nullable=True),
        sa.Column("notes", columns.KeyText(), nullable=False),
        sa.Column("published", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_descriptions")),
    )
    op.create_index(op.f("ix_descriptions_provider"), "descriptions", ["provider"], unique=False)

    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_hash", columns.KeyText(), nullable=False),
        sa.Column("labels_hash", columns.KeyText(), nullable=False),
        sa.Column("corrections_hash", columns.KeyText(), nullable=False),
        sa.Column("layout", columns.KeyText(), nullable=True),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.Column("status", columns.KeyText(), nullable=False),
        sa.Column("started_at", columns.UtcDateTime(), nullable=False),
        sa.Column("finished_at", columns.UtcDateTime(), nullable=True),
        sa.Column("dataset_version", sa.Integer(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_file_hash"), "imports", ["file_hash"], unique=False)

    op.create_table(
        "providers",
        sa.Column("id", columns.KeyText(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
    )
    op.create_table(
        "quote_changes",
        sa.Column("quote_id", columns.QuoteId(), nullable=False),
        sa.Column("dataset_version", sa.Integer(), nullable=False),
        sa.Column("change", columns.KeyText(), nullable=False),
        sa.Column("other_quote_id", columns.QuoteId(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("quote_id", "dataset_version", name=op.f("pk_quote_changes")),
    )
    op.create_table(
        "quotes",
        sa.Column("corridor", columns.KeyText(), nullable=False),
        sa.Column("observed_at", columns.UtcDateTime(), nullable=False),
        sa.Column("id", columns.QuoteId(), nullable=False),
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("source_key", columns.KeyText(), nullable=False),
        sa.Column("evidence", columns.KeyText(), nullable=False),
        sa.Column("period", columns.KeyText(), nullable=True),
        sa.Column("tier", columns.KeyText(), nullable=True),
        sa.Column("description_id", sa.LargeBinary(), nullable=False),
        sa.Column("sending_currency", columns.KeyText(), nullable=False),
        sa.Column("receiving_currency", columns.KeyText(), nullable=True),
        sa.Column("amount", columns.ExactDecimal(), nullable=False),
        sa.Column("denomination_usd", columns.ExactDecimal(), nullable=True),
        sa.Column("fee", columns.ExactDecimal(), nullable=True),
        sa.Column("fee_mode", columns.KeyText(), nullable=False),
        sa.Column("fx_margin_percent", columns.ExactDecimal(), nullable=True),
        sa.Column("published_total_percent", columns.ExactDecimal(), nullable=False),
        sa.Column("published_rate", columns.ExactDecimal(), nullable=True),
        sa.Column("published_mid_market_rate", columns.ExactDecimal(), nullable=True),
        sa.Column("fx_margin_status", columns.KeyText(), nullable=False),
        sa.Column("cost_status", columns.KeyText(), nullable=False),
        sa.Column("flags", columns.KeyText(), nullable=False),
        sa.Column("place_sheet", sa.Text(), nullable=True),
        sa.Column("place_row", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("dataset_version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("corridor", "observed_at", "id", name=op.f("pk_quotes")),
    )
    op.create_index("ix_quotes_source_period_source_key", "quotes", ["source", "period", "source_key"], unique=False)

    op.create_table(
        "rounds",
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("corridor", columns.KeyText(), nullable=False),
        sa.Column("period", columns.KeyText(), nullable=False),
        sa.Column("current_quotes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "corridor", "period", name=op.f("pk_rounds")),
    )
    op.create_table(
        "dataset_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("committed_at", columns.UtcDateTime(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_dataset_versions_import_id_imports")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_dataset_versions")),
    )
    op.create_table(
        "provider_spellings",
        sa.Column("source", columns.KeyText(), nullable=False),
        sa.Column("published", columns.KeyText(), nullable=False),
        sa.Column("provider", columns.KeyText(), nullable=False),
        sa.ForeignKeyConstraint(["provider"], ["providers.id"], name=op.f("fk_provider_spellings_provider_providers")),
        sa.PrimaryKeyConstraint("source", "published", name=op.f("pk_provider_spellings")),
    )
    op.create_table(
        "corridor_versions",
        sa.Column("corridor", columns.KeyText(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["dataset_versions.version"], name=op.f("fk_corridor_versions_version_dataset_versions")
        ),
        sa.PrimaryKeyConstraint("corridor", "version", name=op.f("pk_corridor_versions")),
    )


def downgrade() -> None:
    op.drop_table("corridor_versions")
    op.drop_table("provider_spellings")
    op.drop_table("dataset_versions")
    op.drop_table("rounds")
    op.drop_index("ix_quotes_source_period_source_key", table_name="quotes")

    op.drop_table("quotes")
    op.drop_table("quote_changes")
    op.drop_table("providers")
    op.drop_index(op.f("ix_imports_file_hash"), table_name="imports")

    op.drop_table("imports")
    op.drop_index(op.f("ix_descriptions_provider"), table_name="descriptions")

    op.drop_table("descriptions")
    op.drop_table("corridors")
