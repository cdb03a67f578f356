"""Exports as hostile as they come: whatever the file, ids stay text, values stay themselves, or the file is refused."""

import csv
import gzip
import io
import json
from collections.abc import Iterator

import pytest

from bridge.diff import Session
from bridge.errors import Rejected
from mapping.comparison import Sending, SourceFile, StageColumn
from tests.unit.diff.reading_files import lines, load, put, query


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One database for all: opening one is most of what a small comparison costs."""
    found = Session(tmp_path_factory.mktemp("diff"), memory_limit="500MB", threads=1)
    yield found
    found.close()


@pytest.fixture
def session(opened: Session) -> Session:
    for path in opened.directory.glob("*"):
        if path.is_file():
            path.unlink()
    return opened


IDS = [
    "007",
    "NULL",
    "null",
    "nan",
    "NaN",
    "1e5",
    "1.0",
    "0x10",
    "true",
    "None",
    "-0",
    "9007199254740993",
    "ünï",
    "'",
    "a b",
]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_an_id_stays_the_text_it_is(session: Session, form: str) -> None:
    if form == "csv":
        source = put(
            session,
            "a.csv",
            "\n".join(["external_id,zip", *(f"{one},0{at}" for at, one in enumerate(IDS))]).encode(),
        )
    elif form == "jsonl":
        rows = [{"external_id": one, "zip": f"0{at}"} for at, one in enumerate(IDS)]
        source = put(session, "a.jsonl", "\n".join(map(json.dumps, rows)).encode())
    else:
        path = session.directory / "a.parquet"
        values = ", ".join("('{}', '0{}')".format(one.replace("'", "''"), at) for at, one in enumerate(IDS))
        query(f"COPY (SELECT * FROM (VALUES {values}) t(external_id, zip)) TO '{path}' (FORMAT parquet)")
        source = SourceFile(1, path, "a.parquet")
    assert load(session, [source]).usable == len(IDS)
    assert {line["external_id"]: line["zip"] for line in lines(session)} == {
        one: f"0{at}" for at, one in enumerate(IDS)
    }


def test_line_ends_may_change_late_in_a_file(session: Session) -> None:
    early = "".join(f"u{n},{n}\n" for n in range(5_000))
    late = "".join(f"v{n},{n}\r\n" for n in range(5_000))
    staged = load(session, [put(session, "a.csv", ("external_id,n\n" + early + late).encode())])
    assert (staged.rows, staged.usable) == ({1: 10_000}, 10_000)
    assert {line["n"] for line in lines(session)} == {str(n) for n in range(5_000)}


def test_a_quoted_line_break_may_stand_where_a_buffer_ends(session: Session) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["external_id", "v"])
    notes = {f"u{n}": f'first {"x" * (n % 97)}\nsecond, "{n}"' for n in range(3_000)}
    writer.writerows(notes.items())
    load(session, [put(session, "a.csv", text.getvalue().encode())])
    assert {line["external_id"]: line["v"] for line in lines(session)} == notes


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_the_last_line_may_end_or_not_and_a_bom_is_no_name(session: Session, end: str, last: bool) -> None:
    body = end.join(["external_id,v", "u,1", "w,2"]) + (end if last else "")
    staged = load(session, [put(session, "a.csv", body.encode("utf-8-sig"))])
    assert staged.rows == {1: 2}
    assert [line["v"] for line in lines(session)] == ["1", "2"]


def test_header_names_are_kept_exactly(session: Session) -> None:
    names = [
        "Größe",
        "größe",
        " padded ",
        "a.b",
        "a b",
        "select",
        'say "so"',
        "x" * 200,
        "c1",
        "new\nline",
        "1",
    ]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["external_id", *names])
    writer.writerow(["u", *(f"v{at}" for at in range(len(names)))])
    load(session, [put(session, "a.csv", text.getvalue().encode())])
    assert lines(session) == [{"external_id": "u", **{name: f"v{at}" for at, name in enumerate(names)}}]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
@pytest.mark.parametrize("packed", ["gzip", "zstd", "none"])
def test_how_a_part_is_packed_is_told_by_its_bytes(session: Session, name: str, packed: str) -> None:
    plain = session.directory / name
    body = b'{"external_id":"u","v":"1"}\n' if name.endswith("jsonl") else b"external_id,v\nu,1\n"
    plain.write_bytes(
        gzip.compress(body) if packed == "gzip" else zstd(session, body) if packed == "zstd" else body
    )
    for said in (name, f"{name}.gz", f"{name}.zst"):
        load(session, [SourceFile(1, plain, said)])
        assert lines(session) == [{"external_id": "u", "v": "1"}]


def zstd(session: Session, body: bytes) -> bytes:
    """Packed by DuckDB, which is what there is."""
    path = session.directory / "packed"
    text = body.decode().rstrip("\n").replace("'", "''")
    query(
        f"COPY (SELECT unnest(string_split('{text}', chr(10)))) TO '{path}' "
        "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01', COMPRESSION zstd)"
    )
    return path.read_bytes()


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.csv.gz"])
def test_a_header_without_rows_and_an_empty_part_of_json_lines_are_nobody(
    session: Session, name: str
) -> None:
    body = b"" if name.endswith("jsonl") else b"external_id,v\n"
    staged = load(session, [put(session, name, gzip.compress(body) if name.endswith("gz") else body)])
    assert (staged.rows, staged.usable) == ({1: 0}, 0)
    assert lines(session) == []


def test_many_parts_are_one_export_and_the_last_row_of_a_user_wins_across_them(
    session: Session,
) -> None:
    files = [put(session, "a.csv", f"external_id,v\nu{n},{n}\nall,{n}\n".encode(), n) for n in range(1, 101)]
    staged = load(session, files)
    assert (sum(staged.rows.values()), staged.usable, staged.duplicates) == (200, 101, 99)
    assert {line["external_id"]: line["v"] for line in lines(session)}["all"] == "100"


def test_parts_may_have_their_columns_in_another_order(session: Session) -> None:
    files = [
        put(session, "a.csv", b"external_id,v,w\nu,1,2\n"),
        put(session, "b.csv", b"w,external_id,v\n4,x,3\n", 2),
    ]
    load(session, files)
    assert lines(session) == [
        {"external_id": "u", "v": "1", "w": "2"},
        {"external_id": "x", "v": "3", "w": "4"},
    ]


def test_parts_may_be_of_different_formats(session: Session) -> None:
    path = session.directory / "c.parquet"
    query(f"COPY (SELECT 'p' AS external_id, 3 AS n) TO '{path}' (FORMAT parquet)")
    files = [
        put(session, "a.csv", b"external_id,n\nc,1\n"),
        put(session, "b.jsonl.gz", gzip.compress(b'{"external_id":"j","n":2}\n'), 2),
        SourceFile(3, path, "c.parquet"),
    ]
    load(session, files, n="number")
    assert [(line["external_id"], line["n"]) for line in lines(session)] == [("c", 1), ("j", 2), ("p", 3)]


def test_json_lines_may_lack_keys_nest_and_speak_any_language(session: Session) -> None:
    rows = [
        {"external_id": "ключ", "at": {"home": {"city": "Köln", "tags": ["a", 1]}}, "list": [1, {"b": None}]},
        {"external_id": "u\n2", "emoji": "👩🏽‍💻", "quote": 'a "b" \\ c', "nul": None, "empty": ""},
    ]
    load(
        session,
        [
            put(
                session,
                "a.jsonl",
                "\r\n".join(json.dumps(row, ensure_ascii=at == 0) for at, row in enumerate(rows)).encode(),
            )
        ],
    )
    sent = {line["external_id"]: line for line in lines(session)}
    assert sent["ключ"] == {**rows[0], "list": [1, {}]}, "a null in a value is as good as absent"
    assert sent["u\n2"] == {"external_id": "u\n2", "emoji": "👩🏽‍💻", "quote": 'a "b" \\ c'}


@pytest.mark.parametrize("row", ['["u"]', '"u"', "7", "null"])
def test_a_line_of_json_that_is_no_object_has_no_identifier(session: Session, row: str) -> None:
    staged = load(session, [put(session, "a.jsonl", f'{{"external_id":"u"}}\n{row}\n'.encode())])
    assert staged.rejected == {"empty_identifier": 1}
    assert [(one.row, one.reason) for one in staged.examples] == [(2, "empty_identifier")]


def test_parquet_brings_every_type_it_has(session: Session) -> None:
    path = session.directory / "a.parquet"
    query(
        "COPY (SELECT 'u' AS external_id, 12.50::DECIMAL(18, 2) AS money, "
        "123456789012345678.12::DECIMAL(20, 2) AS much, "
        "TIMESTAMP '2026-01-02 03:04:05.678' AS naive, TIMESTAMPTZ '2026-01-02 03:04:05+05' AS zoned, "
        "TIMESTAMP_NS '2026-01-02 03:04:05.123456789' AS nanos, {'a': 1, 'b': ['x']} AS struct, [1.5, NULL] AS list, "
        "MAP {'k': 'v'} AS map, 9007199254740991::BIGINT AS safe, 9007199254740993::BIGINT AS unsafe, "
        "1.5::FLOAT AS single, 'NaN'::DOUBLE AS nan, false AS no, DATE '2026-02-28' AS day, NULL::INTEGER AS none, "
        f"'red'::ENUM('red', 'blue') AS color, 'b'::BLOB AS raw, TIME '10:00:00' AS clock) TO '{path}' (FORMAT parquet)"
    )
    staged = load(session, [SourceFile(1, path, "a.parquet")])
    (line,) = lines(session)
    assert line == {
        "external_id": "u",
        "money": 12.5,
        "naive": "2026-01-02T02:04:05.678Z",
        "zoned": "2026-01-01T22:04:05.000Z",
        "nanos": "2026-01-02T02:04:05.123Z",
        "struct": {"a": 1, "b": ["x"]},
        "list": [1.5],
        "map": {"k": "v"},
        "safe": 9007199254740991,
        "single": 1.5,
        "no": False,
        "day": "2026-02-28",
        "color": "red",
        "raw": "b",
        "clock": "10:00:00",
    }
    assert staged.rejected_values == {f"invalid_value:{name}": 1 for name in ("much", "unsafe", "nan")}


def test_a_dictionary_encoded_parquet_column_is_its_values(session: Session) -> None:
    path = session.directory / "a.parquet"
    query(
        "COPY (SELECT 'u' || i AS external_id, ['red', 'blue'][i % 2 + 1] AS color FROM range(5000) t(i)) "
        f"TO '{path}' (FORMAT parquet, DICTIONARY_SIZE_LIMIT 10)"
    )
    encodings = {one for (one,) in query(f"SELECT encodings FROM parquet_metadata('{path}')")}
    assert any("DICTIONARY" in one for one in encodings)
    load(session, [SourceFile(1, path, "a.parquet")])
    assert {line["color"] for line in lines(session)} == {"red", "blue"}


def test_a_number_as_identifier_is_text_at_braze(session: Session) -> None:
    path = session.directory / "a.parquet"
    query(f"COPY (SELECT 9007199254740993::BIGINT AS external_id) TO '{path}' (FORMAT parquet)")
    load(session, [SourceFile(1, path, "a.parquet")])
    assert lines(session) == [{"external_id": "9007199254740993"}]


def test_rows_without_an_identifier_are_named_by_their_number_in_their_part(session: Session) -> None:
    files = [
        put(session, "a.csv", b"external_id,v\nu,1\n,2\n"),
        put(session, "b.csv", b'external_id,v\n"  ",3\nw,4\n"",5\n', 2),
    ]
    staged = load(session, files)
    assert [(one.part, one.row) for one in staged.examples] == [
        ("exports/a.csv", 2),
        ("exports/b.csv", 1),
        ("exports/b.csv", 3),
    ]


def test_users_may_be_named_by_their_braze_id(session: Session) -> None:
    load(session, [put(session, "a.csv", b"braze_id,v\nb1,1\n")], identifier="braze_id")
    assert lines(session, Sending("AIQ_a_1", "braze_id", "false", update_existing_only=False)) == [
        {"braze_id": "b1", "v": "1"}
    ]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.csv", b"external_id,v,v\nu,1,2\n"),
        ("a.csv", b'external_id,v\n"u,1\nw,2\n'),
        ("a.csv", b"external_id,v\nu\n"),
        ("a.csv", b"\n\n"),
        ("a.csv.gz", gzip.compress(b"external_id,v\n" + b"u,1\n" * 9_999, mtime=0)[:-9]),
        ("a.jsonl", b'{"external_id":"u"}\n{"external_id":"w"'),
        ("a.jsonl", b'{"external_id":"\xff"}\n'),
        ("a.parquet", b"PAR1" + b"\0" * 40),
    ],
)
def test_a_spoilt_or_truncated_file_is_refused(session: Session, name: str, body: bytes) -> None:
    with pytest.raises(Rejected, match=r"unreadable_part|column_twice"):
        load(session, [put(session, name, body)])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (b"w,secret,3", "CSV Error on Line: 3002: Expected Number of Columns: 2 Found: 3"),
        (b'w,"secret', "CSV Error on Line: 3002: Value with unterminated quote found"),
        (b"secret\xfc,1", "CSV Error on Line: 3002: Invalid unicode"),
        (b"secret," + b"x" * 2_500_000, "Line: 3002: Maximum line size of 2000000 bytes exceeded"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_fault_and_not_quoted(
    session: Session, row: bytes, why: str
) -> None:
    with pytest.raises(Rejected) as caught:
        load(session, [put(session, "a.csv", b"external_id,v\n" + b"u,1\n" * 3_000 + row + b"\n")])
    assert why in caught.value.detail
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize("zone", ["Mars/Phobos", "+02:00", "UTC') --"])
def test_an_unknown_time_zone_is_the_manifests_fault_and_not_the_files(session: Session, zone: str) -> None:
    session.inspect([put(session, "a.csv", b"external_id,at\nu,2026-01-01 10:00:00\n")])
    columns = [StageColumn("at", "at", "time", "v0")]
    with pytest.raises(Rejected, match="bad_manifest: time_zone"):
        session.load(columns, identifier="external_id", time_zone=zone, ops=False, collapse=True)


def test_of_many_parts_the_one_at_fault_is_named(session: Session) -> None:
    files = [
        put(
            session,
            f"{name}.csv",
            b"external_id,gender\nu,male\n" + (b"w" if name == "b" else b"") + b"\n",
            at,
        )
        for at, name in enumerate("abc", 1)
    ]
    with pytest.raises(Rejected, match=r"exports/b\.csv: .*Line: 3: Expected Number of Columns: 2 Found: 1"):
        load(session, files)


def test_parquet_parts_of_another_make_are_refused_as_such(session: Session) -> None:
    first, second = (session.directory / name for name in ("a.parquet", "b.parquet"))
    query(f"COPY (SELECT 'u' AS external_id, 1 AS n) TO '{first}' (FORMAT parquet)")
    query(f"COPY (SELECT 'w' AS external_id, 1 AS m) TO '{second}' (FORMAT parquet)")
    with pytest.raises(Rejected, match="columns_differ"):
        load(session, [SourceFile(1, first, "a.parquet"), SourceFile(2, second, "b.parquet")])


def test_a_column_that_is_a_number_in_one_part_and_text_in_another_is_text(session: Session) -> None:
    first, second = (session.directory / name for name in ("a.parquet", "b.parquet"))
    query(f"COPY (SELECT 'u' AS external_id, 1 AS n) TO '{first}' (FORMAT parquet)")
    query(f"COPY (SELECT 'w' AS external_id, '01' AS n) TO '{second}' (FORMAT parquet)")
    load(session, [SourceFile(1, first, "a.parquet"), SourceFile(2, second, "b.parquet")])
    assert [line["n"] for line in lines(session)] == ["1", "01"]
