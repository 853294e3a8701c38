"""From a folder, or none, to a store. A database is imported only where there is a folder."""

from importlib import import_module
from pathlib import Path

from pratique.store.memory import MemoryStore
from pratique.store.ports import Store


def prepare(folder: Path | None) -> None:
    """Import what `open_store` will need: 0.3 s that may pass while a zygote gets warm."""
    if folder is not None:
        import_module("pratique.store.sql")


def holds_results(folder: Path) -> bool:
    """Tell whether results were ever kept in a folder; nothing is made there."""
    from pratique.store.sql import DATABASE  # noqa: PLC0415 - as above

    return (folder / DATABASE).is_file()


def open_store(folder: Path | None) -> Store:
    """Return the store in `folder`, made with mode 0700 when absent; None is one in memory.

    Raises:
        UsageError: the folder is not the caller's own, or others may look into it.
        MachineError: the database cannot be opened or brought up to date.

    """
    if folder is None:
        return MemoryStore()
    from pratique.store import sql  # noqa: PLC0415 - SQLAlchemy takes 0.3 s to import

    return sql.open_store(folder)
