"""Statements that go to a PostgreSQL server through libpq itself."""

import threading
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import places
from sturgeon.study.storage.prepared import Line, Prepared

ADD = Prepared("test_add", "INSERT INTO pg_temp.things VALUES (:id, :word, :size, :right) RETURNING *")
DIVIDE = Prepared("test_divide", "SELECT 1 / CAST(:by AS integer)")
COUNT = Prepared("test_count", "SELECT count(*) FROM pg_temp.things WHERE id < :below")
SLEEP = Prepared("test_sleep", "SELECT pg_sleep(:seconds)")


@pytest.fixture
def connection(tmp_path):
    place = places.place("postgres", tmp_path).partition("?")[0]
    engine = create_engine(
        place.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    made = engine.connect()
    made.exec_driver_sql("CREATE TEMP TABLE things (id int PRIMARY KEY, word text, size float8, y bool)")
    yield made
    with suppress(Exception):  # some tests break it
        made.close()


def thing(number, word="a", size=0.5):
    return ADD, {"id": number, "word": word, "size": size, "right": True}


def test_each_answers_its_first_row(connection):
    line = Line.of(connection)
    assert line.execute(thing(1, "Störe'; --", 0.1), (COUNT, {"below": 9}), (COUNT, {"below": 0})) == [
        [b"1", "Störe'; --".encode(), b"0.1", b"t"],
        [b"1"],
        [b"0"],
    ]
    assert line.execute(thing(2, None, float("inf"))) == [[b"2", None, b"Infinity", b"t"]]
    assert Line.of(connection) is line
    assert connection.exec_driver_sql("SELECT count(*) FROM things").scalar() == 2


def test_one_that_fails_says_why_and_does_not_undo_the_others(connection):
    line = Line.of(connection)
    with pytest.raises(psycopg.errors.DivisionByZero):
        line.execute(thing(1), (DIVIDE, {"by": 0}), thing(2))
    with pytest.raises(psycopg.errors.UniqueViolation):
        line.execute(thing(2))
    assert line.execute((COUNT, {"below": 9})) == [[b"2"]]


def test_what_the_server_has_forgotten_is_prepared_again(connection):
    line = Line.of(connection)
    line.execute((COUNT, {"below": 9}))
    line.execute(thing(1), (COUNT, {"below": 9}))
    connection.exec_driver_sql("DEALLOCATE ALL")  # as psycopg says after a rollback
    assert line.execute(thing(2), (COUNT, {"below": 9}))[1] == [b"2"]
    connection.exec_driver_sql("DEALLOCATE test_add")
    assert line.execute(thing(3), (COUNT, {"below": 9}))[1] == [b"3"]


def test_a_rollback_of_other_statements_does_no_harm(connection):
    line, driver = Line.of(connection), connection.connection.driver_connection
    line.execute(thing(1))
    for number in range(10):  # from the sixth on psycopg prepares it
        driver.execute("SELECT %s", (number,))
    for _ in range(2):
        driver.execute("BEGIN")
        driver.execute("ROLLBACK")
    driver.execute("SELECT 1")
    assert line.execute(thing(2), (COUNT, {"below": 9}))[1] == [b"2"]


def test_text_that_the_server_cannot_keep_is_refused_before_it_is_sent(connection):
    with pytest.raises(psycopg.DataError, match="NUL"):
        Line.of(connection).execute(thing(1, "a\0b"))
    assert Line.of(connection).execute((COUNT, {"below": 9})) == [[b"0"]]


def test_a_connection_that_breaks_is_told_from_a_statement_that_fails(connection):
    line = Line.of(connection)
    server = connection.connection.driver_connection.info.backend_pid
    with psycopg.connect(connection.engine.url.render_as_string(False).replace("+psycopg", "")) as other:
        breaks = threading.Thread(target=other.execute, args=(f"SELECT pg_terminate_backend({server})",))
        breaks.start()
        with pytest.raises(psycopg.OperationalError):
            line.execute((SLEEP, {"seconds": 60.0}))
        breaks.join()
    assert connection.connection.driver_connection.closed


def test_many_parameters_are_sent_while_the_server_answers(connection):
    line = Line.of(connection)
    words = ["x" * 4_000_000, "y" * 4_000_000]
    rows = line.execute(thing(1, words[0]), thing(2, words[1]))
    assert [row[1] for row in rows] == [word.encode() for word in words]


def test_what_is_interrupted_leaves_no_answer_for_the_next(connection, monkeypatch):
    line = Line.of(connection)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(line, "_wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        line.execute((SLEEP, {"seconds": 0.01}))
    with pytest.raises(psycopg.OperationalError):
        connection.connection.driver_connection.execute("SELECT 1")
