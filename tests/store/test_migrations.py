"""The steps to today's tables: fresh equals migrated, nothing is lost on the way, all or nothing."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from importlib.resources import files

import pytest
from sqlalchemy import create_engine, event, inspect, make_url

from feedmill.feeds import migrations, schema
from feedmill.feeds.errors import StoreError
from feedmill.feeds.store import Store


def engine_of(target):
    if "://" in target:
        return create_engine(make_url(target).set(drivername="postgresql+psycopg"))
    engine = create_engine(f"sqlite:///{target}", connect_args={"isolation_level": None})
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


@contextmanager
def transaction(target):
    engine = engine_of(target)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def make_old(target, revision="0001"):
    """A store as an older feedmill left it."""
    with transaction(target) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        migrations.upgrade(connection, revision)


def shape(connection):
    """All that a schema says, in words that both databases have."""
    found = {}
    look = inspect(connection)
    for table in sorted(look.get_table_names()):
        columns = [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(table)]
        indexes = sorted(
            (
                i["name"],
                i["column_names"],
                i["unique"],
                sorted((str(k), str(v)) for k, v in i["dialect_options"].items()),
            )
            for i in look.get_indexes(table)
        )
        uniques = sorted((u["name"], u["column_names"]) for u in look.get_unique_constraints(table))
        keys = sorted((f["name"], f["referred_table"], f["options"]) for f in look.get_foreign_keys(table))
        found[table] = (columns, look.get_pk_constraint(table), indexes, uniques, keys)
    if connection.dialect.name == "sqlite":
        found["strict"] = sorted(
            connection.exec_driver_sql("SELECT name, wr, strict FROM pragma_table_list").all(),
        )
        found["indexes"] = sorted(
            " ".join(str(text).replace('"', "").split())
            for (text,) in connection.exec_driver_sql(
                "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql <> ''"
            )
        )
    else:
        found["indexes"] = sorted(
            connection.exec_driver_sql(
                "SELECT replace(indexdef, schemaname || '.', '') FROM pg_indexes WHERE schemaname = current_schema()"
            ).scalars()
        )
    return found


@pytest.fixture
def second_target(request, target, tmp_path):
    if "://" not in target:
        return str(tmp_path / "second.db")
    cluster = request.getfixturevalue("cluster")
    return cluster.url(cluster.make_schema())


def test_a_fresh_store_has_the_tables_that_the_migrations_make(target, second_target):
    Store.open(target).close()
    make_old(second_target, "head")
    with transaction(target) as fresh, transaction(second_target) as migrated:
        assert shape(fresh) == shape(migrated)
        for table in ("counters", "feedmill_revision"):
            rows = f"SELECT * FROM {table}"
            assert fresh.exec_driver_sql(rows).all() == migrated.exec_driver_sql(rows).all()


def test_alembic_sees_no_difference_either(target):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    make_old(target, "head")
    with transaction(target) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "feedmill_revision"})

        assert compare_metadata(context, schema.TABLES) == []


def test_the_revisions_are_one_line_that_ends_at_head():
    folder = files(migrations) / "versions"
    found = {}
    for file in folder.iterdir():
        if file.name[:4].isdigit():
            names = {
                node.targets[0].id: node.value.value
                for node in ast.parse(file.read_text()).body
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            }
            found[names["revision"]] = names["down_revision"]

    assert tuple(sorted(found)) == schema.REVISIONS
    assert [found[revision] for revision in schema.REVISIONS] == [None, *schema.REVISIONS[:-1]]


def fill_old(target):
    with transaction(target) as connection:
        for statement in (
            "INSERT INTO sources (id, url, url_key, added_at, entry_count) VALUES (1, 'https://a/', '//a/', 0, 2)",
            """
            INSERT INTO entries (id, source, guid_hash, id_hash, sort_at, first_seen, guid, published_id, title)
            SELECT n, 1, CAST('g' || n AS {bytes}), CAST('i' || n AS {bytes}), n, n, 'g' || n, 'i' || n, 'Kept'
            FROM (SELECT 1 AS n UNION SELECT 2) AS numbers
            """,
            "INSERT INTO contents (entry, html) VALUES (1, '<p>1</p>'), (2, '<p>2</p>')",
        ):
            bytes_type = "BLOB" if connection.dialect.name == "sqlite" else "BYTEA"
            connection.exec_driver_sql(statement.format(bytes=bytes_type))


def test_an_older_store_is_brought_up_to_date_with_all_that_it_holds(target):
    make_old(target)
    fill_old(target)
    with Store.open(target) as store:
        assert [(entry.row, entry.entry.title, entry.entry.content_html) for entry in store.latest(limit=5)] == [
            (2, "Kept", "<p>2</p>"),
            (1, "Kept", "<p>1</p>"),
        ]
        assert store.counts().entries == 2
        assert store.hold_entries([1], "why", entry_time := store.latest(limit=1)[0].sort_at) == 1
        assert entry_time
        with store._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
                assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    with Store.open(target) as store:
        assert len(store.latest(limit=5)) == 1


def test_reading_only_refuses_an_older_store_and_leaves_it_alone(target):
    make_old(target)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"older feedmill.*feedmill sync"):
            Store.open(target, read_only=True)


def test_a_migration_that_breaks_off_leaves_the_older_store(target):
    make_old(target)
    fill_old(target)
    with transaction(target) as connection:
        before = shape(connection)
        connection.exec_driver_sql("CREATE INDEX entries_text_hash ON entries (title)")  # in the way of the last step
    with pytest.raises(StoreError):
        Store.open(target)
    with transaction(target) as connection:
        connection.exec_driver_sql("DROP INDEX entries_text_hash")

        assert shape(connection) == before
    with Store.open(target) as store:
        assert len(store.latest(limit=5)) == 2


def test_rows_without_their_source_stop_the_migration(tmp_path):
    target = str(tmp_path / "feedmill.db")
    make_old(target)
    with transaction(target) as connection:
        connection.exec_driver_sql("INSERT INTO tombstones VALUES (99, x'00', 0)")

    with pytest.raises(StoreError, match="without their source"):
        Store.open(target)


def test_two_processes_that_open_a_fresh_store_at_once_both_get_it(target):
    from concurrent.futures import ThreadPoolExecutor

    def open_it(_):
        with Store.open(target) as store:
            return store.records()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_it, range(6))) == [[]] * 6
