"""What an analyst does with clickhouse-connect, against clickhouse-embedded.

Arguments: the port and an empty database. Each function is one sentence that must hold; the first that does not ends
the script with its traceback.
"""

import datetime
import sys
import time
import uuid

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

PORT, DATABASE = int(sys.argv[1]), sys.argv[2]
COMPRESSIONS = [False, "lz4", "zstd", "gzip"]

COLUMNS = ["id", "name", "time", "country", "price", "numbers", "pairs", "key", "day"]
ROWS = [
    (
        number,
        f"it's \\ row\t{number}",
        datetime.datetime(2026, 1, 1, 0, 0, number % 60),
        ["DE", "FR", "BR"][number % 3],
        None if number % 2 else number / 4,
        list(range(number % 4)),
        {"a": number},
        uuid.UUID(int=number),
        datetime.date(2026, 1, 1 + number % 28),
    )
    for number in range(5_000)
]


def client(**options):
    return clickhouse_connect.get_client(host="127.0.0.1", port=PORT, database=DATABASE, **options)


def raises(exception, code, call):
    try:
        call()
    except exception as error:
        assert f"Code: {code}. DB::Exception: " in str(error), error
        return
    raise AssertionError(f"no error {code}")


def rows_go_in_and_come_out(connection):
    connection.command("DROP TABLE IF EXISTS visits")
    connection.command(
        "CREATE TABLE visits (id UInt32, name String, time DateTime, country LowCardinality(String),"
        " price Nullable(Float64), numbers Array(UInt8), pairs Map(String, UInt32), key UUID, day Date)"
        " ENGINE = MergeTree ORDER BY id"
    )
    summary = connection.insert("visits", ROWS, column_names=COLUMNS)
    assert summary.written_rows == len(ROWS), summary.summary
    result = connection.query("SELECT * FROM visits ORDER BY id")
    assert [tuple(row) for row in result.result_rows] == ROWS
    assert list(result.column_names) == COLUMNS
    assert connection.command("SELECT count() FROM visits") == len(ROWS)


def a_million_rows_are_selected_and_streamed(connection):
    begin = time.time()
    result = connection.query("SELECT number, toString(number) FROM numbers(1000000)")
    assert len(result.result_rows) == 1_000_000
    assert result.result_rows[-1] == (999_999, "999999")
    print(f"  a million rows in {time.time() - begin:.2f} s")
    rows = 0
    with connection.query_row_block_stream("SELECT number FROM numbers(2000000)") as stream:
        for block in stream:
            rows += len(block)
    assert rows == 2_000_000
    raw = connection.raw_query("SELECT number FROM numbers(3)", fmt="CSV")
    assert raw == b"0\n1\n2\n", raw


def errors_are_exceptions(connection):
    raises(DatabaseError, 62, lambda: connection.query("SELEC 1"))
    raises(DatabaseError, 60, lambda: connection.query("SELECT * FROM nope"))
    raises(DatabaseError, 62, lambda: connection.command("CREATE TABLE"))
    raises(DatabaseError, 117, lambda: connection.raw_insert("visits", ["id"], "x\n", fmt="CSV"))


def an_error_inside_a_stream_is_an_exception(connection):
    query = "SELECT throwIf(number = 2900000), sipHash64(number) FROM numbers(3000000)"

    def read():
        with connection.query_row_block_stream(query) as stream:
            for _ in stream:
                pass

    raises(ClickHouseError, 395, read)


def parameters_are_bound(connection):
    values = {"a": 5, "b": "it's \\ \t x", "c": ["q'", "w"], "d": datetime.date(2026, 1, 2)}
    query = "SELECT {a:UInt32}, {b:String}, {c:Array(String)}, {d:Date}"
    assert connection.query(query, parameters=values).result_rows == [tuple(values.values())]
    assert connection.query("SELECT %(a)s, %(b)s", parameters=values).result_rows == [(5, values["b"])]


def settings_hold_for_the_session_or_the_query(connection):
    connection.command("SET max_threads = 1")
    assert connection.command("SELECT getSetting('max_threads')") == 1
    once = connection.query("SELECT getSetting('max_threads')", settings={"max_threads": 2}).result_rows
    assert once == [(2,)], once
    assert connection.command("SELECT getSetting('max_threads')") == 1
    connection.command("CREATE TEMPORARY TABLE kept (a UInt8)")
    connection.insert("kept", [[1], [2]], column_names=["a"])
    assert connection.command("SELECT sum(a) FROM kept") == 3
    raises(DatabaseError, 60, lambda: client().query("SELECT * FROM kept"))


def tables_come_with_a_query(connection):
    from clickhouse_connect.driver.external import ExternalData

    data = ExternalData(file_name="mine.csv", fmt="CSV", structure="id UInt32, note String", data=b"1,one\n7,seven\n")
    query = "SELECT note, name FROM visits INNER JOIN mine USING (id) ORDER BY id"
    rows = connection.query(query, external_data=data).result_rows
    assert [note for note, _ in rows] == ["one", "seven"], rows
    raises(DatabaseError, 60, lambda: connection.query("SELECT * FROM mine"))


def times_are_utc(connection):
    assert str(connection.server_tz) == "UTC", connection.server_tz
    now = connection.query("SELECT now()").result_rows[0][0]
    assert abs(now.replace(tzinfo=datetime.timezone.utc).timestamp() - time.time()) < 60, now


for compression in COMPRESSIONS:
    print(f"compression {compression}")
    with client(compress=compression) as connected:
        rows_go_in_and_come_out(connected)
        a_million_rows_are_selected_and_streamed(connected)
        errors_are_exceptions(connected)
        an_error_inside_a_stream_is_an_exception(connected)
        parameters_are_bound(connected)
        settings_hold_for_the_session_or_the_query(connected)
        tables_come_with_a_query(connected)
        times_are_utc(connected)
