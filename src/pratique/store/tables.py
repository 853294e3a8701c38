"""The tables, and the revision that the code expects of a database."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

HEAD = "0002"
"""The newest migration; a test compares it with the folder of migrations."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only for INTEGER

subject = Table(
    "subject",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("digest", String(71), nullable=False),
    Column("readers", String(64), nullable=False),
    Column("limits", String(64), nullable=False),
    Column("facts", LargeBinary, nullable=False),
    UniqueConstraint("owner", "digest", "readers", "limits"),
)

receipt = Table(
    "receipt",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("subject", ForeignKey("subject.id", ondelete="CASCADE"), nullable=False),
    Column("rule", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("coverage", String(8), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "subject", "rule", "version"),
)

finding = Table(
    "finding",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("subject", ForeignKey("subject.id", ondelete="CASCADE"), nullable=False),
    Column("rule", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "subject", "rule", "version"),
    Index(None, "rule", "severity"),
)

sighting = Table(
    "sighting",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("device", String(24), nullable=False),
    Column("inode", String(24), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    Column("changed_ns", BigInteger, nullable=False),
    Column("digest", String(71), nullable=False),
    UniqueConstraint("device", "inode"),
)

inventory = Table(
    "inventory",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("root", String(71), nullable=False),
    Column("name", String(1000), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("states", LargeBinary, nullable=False),
    UniqueConstraint("owner", "root"),
)
