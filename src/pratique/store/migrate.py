"""Bring a database's tables to the newest revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Run every migration that the database lacks, in one transaction.

    Raises:
        LookupError: the database is at a revision that this version does not know.

    """
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as e:
            raise LookupError(f"made by another version of pratique ({e})") from e
