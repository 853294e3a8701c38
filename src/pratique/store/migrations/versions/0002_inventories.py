"""Make the table of inventories, which later advisories are matched with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "inventory",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("root", sa.String(71), nullable=False),
        sa.Column("name", sa.String(1000), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("states", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inventory"),
        sa.UniqueConstraint("owner", "root", name="uq_inventory_owner_root"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("inventory")
