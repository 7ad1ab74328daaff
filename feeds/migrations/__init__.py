"""The steps that lead an older store to the schema of today. They are only ever appended to.

In:  a connection in the transaction in which everything is to happen.
Out: nothing; the tables are those of the revision asked for.
Never: commits; changes a revision that was released; is imported when the tables are current.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


def upgrade(connection: Connection, revision: str) -> None:
    """Run what is missing up to `revision`, inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    with as_file(files(__name__)) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
