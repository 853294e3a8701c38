"""Make the first tables: subjects, receipts, findings and sightings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "subject",
        sa.Column("id", _ID, nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("readers", sa.String(64), nullable=False),
        sa.Column("limits", sa.String(64), nullable=False),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subject"),
        sa.UniqueConstraint(
            "owner",
            "digest",
            "readers",
            "limits",
            name="uq_subject_owner_digest_readers_limits",
        ),
    )
    _of_subject("receipt", sa.Column("coverage", sa.String(8), nullable=False))
    _of_subject("finding", sa.Column("severity", sa.Integer, nullable=False))
    op.create_index("ix_finding_rule_severity", "finding", ["rule", "severity"])
    op.create_table(
        "sighting",
        sa.Column("id", _ID, nullable=False),
        sa.Column("device", sa.String(24), nullable=False),
        sa.Column("inode", sa.String(24), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("modified_ns", sa.BigInteger, nullable=False),
        sa.Column("changed_ns", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sighting"),
        sa.UniqueConstraint("device", "inode", name="uq_sighting_device_inode"),
    )


def _of_subject(name: str, own: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("id", _ID, nullable=False),
        sa.Column("subject", _ID, nullable=False),
        sa.Column("rule", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        own,
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(
            ["subject"], ["subject.id"], name=f"fk_{name}_subject", ondelete="CASCADE"
        ),
    )
    op.create_index(f"ix_{name}_subject_rule_version", name, ["subject", "rule", "version"])


def downgrade() -> None:
    """Drop the tables."""
    for name in ("sighting", "finding", "receipt", "subject"):
        op.drop_table(name)
