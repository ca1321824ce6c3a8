"""Opening a store: who may read its files, what schema it has, and one clear line for each thing that is wrong."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from storekit import RING, A, put, user

from daypass.directory import User
from daypass.store import SqliteStore, StoreProblem, files
from daypass.store.migrate import MIGRATIONS, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATABASE = "daypass.sqlite3"


def refusal(folder: Path) -> str:
    with pytest.raises(StoreProblem) as caught:
        SqliteStore.open(folder, RING, os.urandom)
    text = str(caught.value)
    assert "\n" not in text
    return text


def fill(folder: Path, number: int = 400) -> None:
    store = SqliteStore.open(folder, RING, os.urandom)
    put(store, *(user(f"u{n}", policies=(("p", "x" * 500),)) for n in range(number)))
    store.close()


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as db:
        db.execute(statement)


def modes(folder: Path) -> Iterator[tuple[str, int]]:
    for path in (folder, *folder.iterdir()):
        yield path.name, stat.S_IMODE(path.stat().st_mode)


def test_files_are_for_their_owner_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        store = SqliteStore.open(folder, RING, os.urandom)
        put(store, user("x"))
    finally:
        os.umask(before)
    found = dict(modes(folder))
    store.close()
    assert found.pop("data") == 0o700
    assert found == dict.fromkeys((DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", "daypass.changes"), 0o600)


@pytest.mark.parametrize("name", [DATABASE, "daypass.changes"])
def test_a_file_that_others_may_read_is_refused_with_the_remedy(folder: Path, name: str) -> None:
    fill(folder, 1)
    (folder / name).chmod(0o640)
    assert refusal(folder).endswith(f"is open to other users (mode 640): run chmod 600 {folder / name}")


def test_a_folder_that_others_may_write_is_refused_with_the_remedy(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    assert refusal(folder).endswith(f"run chmod 700 {folder}")


@pytest.mark.parametrize("name", [DATABASE, "daypass.changes"])
def test_a_symbolic_link_is_refused(folder: Path, name: str) -> None:
    folder.mkdir(mode=0o700)
    (folder / name).symlink_to(folder / "elsewhere")
    assert "is a symbolic link" in refusal(folder)
    assert not (folder / "elsewhere").exists()


def test_a_store_that_was_closed_is_as_it_was_when_opened_again(folder: Path) -> None:
    fill(folder, 3)
    store = SqliteStore.open(folder, RING, os.urandom)
    assert store.view().count(User, A) == 3
    assert store.ready()
    store.close()


def test_a_newer_schema_is_refused_and_left_alone(folder: Path) -> None:
    fill(folder, 1)
    change(folder, "INSERT INTO schema_version (version) VALUES (999)")
    before = (folder / DATABASE).read_bytes()
    assert "schema version 999" in refusal(folder)
    assert "use a newer Daypass" in refusal(folder)
    assert (folder / DATABASE).read_bytes() == before


def test_migrations_run_once_and_in_order(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    first = next(MIGRATIONS.glob("0001_*.sql")).read_text()
    (steps / "0001_first.sql").write_text(first)
    (steps / "0002_second.sql").write_text("CREATE TABLE later (n);\nINSERT INTO later VALUES (1);\n")
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as db:
        assert migrate(db, steps) == 2
        assert migrate(db, steps) == 2
        assert db.execute("SELECT count(*) FROM later").fetchone() == (1,)


def test_a_trail_of_the_first_schema_is_made_again_from_the_journal(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "0001_first.sql").write_text(next(MIGRATIONS.glob("0001_*.sql")).read_text())
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as db:
        migrate(db, steps)
        db.execute("INSERT INTO event_place VALUES (1, 'a', 'r', 'c')")
        db.execute("INSERT INTO event VALUES (1, 'e', 1, 1, 'n', 's', NULL, NULL, 1, '[]', '{}')")
        db.execute("INSERT INTO event_resource VALUES (1, 'ResourceName', 'x', 1, 'e')")
        db.execute("INSERT INTO journal_mark VALUES ('j', 10)")
        migrate(db)
        assert db.execute("SELECT count(*) FROM event").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM journal_mark").fetchone() == (0,)


def test_a_trail_without_decisions_keeps_its_events(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    for path in (*MIGRATIONS.glob("0001_*.sql"), *MIGRATIONS.glob("0002_*.sql")):
        (steps / path.name).write_text(path.read_text())
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as db:
        migrate(db, steps)
        db.execute("INSERT INTO event_place VALUES (1, 'a', 'r', 'c')")
        db.execute("INSERT INTO event VALUES (1, 'e', 1, 1, 'n', 's', NULL, NULL, 1, '[]', '{}')")
        migrate(db)
        assert db.execute("SELECT id, decisions FROM event").fetchall() == [("e", None)]


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "0001_broken.sql").write_text(
        "CREATE TABLE schema_version (version);\nCREATE TABLE half (n);\nINSERT INTO nowhere VALUES (1);\n"
    )
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as db:
        with pytest.raises(sqlite3.OperationalError):
            migrate(db, tmp_path)
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name.split("_")[0]) for path in MIGRATIONS.glob("*.sql"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_file_that_is_no_database_is_refused(folder: Path) -> None:
    fill(folder, 1)
    (folder / DATABASE).write_bytes(b"not a database at all " * 500)
    assert "damaged or not a database" in refusal(folder)


@pytest.mark.parametrize("size", [10, 5_000])
def test_a_database_that_was_cut_off_is_refused(folder: Path, size: int) -> None:
    fill(folder)
    os.truncate(folder / DATABASE, size)
    assert "damaged" in refusal(folder)


def overwrite_the_middle(folder: Path) -> None:
    path = folder / DATABASE
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 4096 // 2 * 4096)
        file.write(b"\xff" * 4096 * 8)


def test_a_small_database_with_a_damaged_page_is_refused(folder: Path) -> None:
    fill(folder)
    overwrite_the_middle(folder)
    assert "is damaged: restore it from a backup" in refusal(folder)


def test_damage_in_a_large_database_is_told_when_it_is_met(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder)
    overwrite_the_middle(folder)
    monkeypatch.setattr(files, "_SMALL", 0)
    store = SqliteStore.open(folder, RING, os.urandom)
    with pytest.raises(StoreProblem, match="damaged"):
        store.view().page(User, A, limit=1000)
    assert any("the database is damaged" in finding.text for finding in store.check())
    store.close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refusal(tmp_path / "file" / "data").startswith("cannot use ")
    assert refusal(tmp_path / "file").startswith("cannot use ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    folder.mkdir(mode=0o500)
    assert "Permission denied" in refusal(folder)


def test_a_healthy_store_has_good_findings_only(sqlite: SqliteStore) -> None:
    put(sqlite, user("x"), user("y"))
    found = sqlite.check()
    assert all(finding.good for finding in found)
    assert "records: 2 user" in [finding.text for finding in found]


def test_kept_numbers_that_are_wrong_are_found(sqlite: SqliteStore, folder: Path) -> None:
    put(sqlite, user("x"))
    change(folder, "UPDATE record_count SET n = 7")
    assert "the kept numbers of records differ from the records" in [f.text for f in sqlite.check() if not f.good]


def test_rows_that_point_at_nothing_are_found(sqlite: SqliteStore, folder: Path) -> None:
    put(sqlite, user("x", groups=("g",)))
    change(folder, "DELETE FROM record")
    assert "1 rows point at records that are not there" in [f.text for f in sqlite.check() if not f.good]
