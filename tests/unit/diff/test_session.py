"""The comparison as DuckDB makes it, file formats and types included."""

import csv
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import duckdb
import pytest

from bridge.diff import Session, checks
from bridge.errors import Rejected
from mapping.comparison import Old, PartFile, Refused, Sending, SourceFile, StageColumn, Staged
from mapping.export import ColumnType
from mapping.run import Column

SENDING = Sending("AIQ_a_1", "external_id", "false", update_existing_only=False)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One database for all: opening one is most of what a small comparison costs."""
    found = Session(tmp_path_factory.mktemp("diff"), memory_limit="500MB", threads=1)
    yield found
    found.close()


@pytest.fixture
def session(opened: Session) -> Session:
    for path in opened.directory.glob("*"):
        if path.is_file() and "duckdb" not in path.name:
            path.unlink()
    return opened


def query(statement: str) -> list[Any]:
    return database().execute(statement).fetchall()


@cache
def database() -> duckdb.DuckDBPyConnection:
    """One for all: opening one is most of what a question costs."""
    return duckdb.connect()


def put(session: Session, name: str, body: bytes, number: int = 1) -> SourceFile:
    path = session.directory / f"{number}-{name}"
    path.write_bytes(body)
    return SourceFile(number, path, f"exports/{name}")


def load(session: Session, files: Sequence[SourceFile], **types: ColumnType) -> Staged:
    found = {column.name: column.type for column in session.inspect(files)}
    columns = [
        StageColumn(name, name, types.get(name) or kind or "string", f"v{number}")
        for number, (name, kind) in enumerate(found.items())
        if name not in ("external_id", "op")
    ]
    return session.load(
        columns, identifier="external_id", time_zone="Europe/Berlin", ops=False, collapse=True
    )


def lines(session: Session, old: Old | None = None, part_rows: int = 100) -> list[dict[str, Any]]:
    parts: list[PartFile] = []
    session.compare(old, SENDING, full=True, rows=10, part_rows=part_rows, emit=parts.append)
    found = [json.loads(line) for part in parts for line in part.body.splitlines()]
    return sorted(found, key=lambda line: str(line["external_id"]))


CSV = 'external_id,Email,email,"a ""b"""\n007,a@b,"x,\ny",\n'


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("part.csv", CSV.encode()),
        ("part.csv", CSV.replace("\n", "\r\n").encode("utf-8-sig")),
        ("part.csv", CSV.replace(",\ny", ",\r\ny").encode()),
        ("part.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
    ],
)
def test_csv_keeps_names_ids_and_line_breaks(session: Session, name: str, body: bytes) -> None:
    staged = load(session, [put(session, name, body)])
    assert staged.rows == {1: 1}
    (line,) = lines(session)
    value = line.pop("email").replace("\r\n", "\n")
    assert value == "x,\ny"
    assert line == {"external_id": "007", "AIQ_a_1": True, "Email": "a@b"}


def test_zstd_and_mixed_line_ends_are_read(session: Session) -> None:
    path = session.directory / "plain.csv"
    path.write_bytes(b"external_id,n\r\n1,2\n3,4\n")
    packed = session.directory / "part.csv.zst"
    query(f"COPY (SELECT 9 AS external_id, 4 AS n) TO '{packed}' (FORMAT csv, COMPRESSION zstd)")
    files = [SourceFile(1, path, "plain.csv"), SourceFile(2, packed, "part.csv.zst")]
    assert load(session, files).rows == {1: 2, 2: 1}


AS_ITSELF: list[tuple[str, ColumnType, object]] = [
    ("0012", "string", "0012"),
    ("12", "integer", 12),
    ("12.50", "number", 12.5),
    ("-3", "number", -3),
    ("TRUE", "boolean", True),
    ("0", "boolean", False),
    ("2026-02-28", "date", "2026-02-28"),
    ("2026-02-28T10:00:00Z", "date", "2026-02-28"),
    ("2026-02-28", "time", "2026-02-28"),
    ("2026-02-28T10:00:00+05:00", "time", "2026-02-28T10:00:00+05:00"),
    ("2026-02-28T10:00:00.5Z", "time", "2026-02-28T10:00:00.5Z"),
    ("2026-02-28 10:00:00+05", "time", "2026-02-28T05:00:00.000Z"),
    ("2026-02-28T10:00:00+0530", "time", "2026-02-28T04:30:00.000Z"),
    ("2026-02-28T24:00:00Z", "time", "2026-03-01T00:00:00.000Z"),
    ("2026-02-28 10:00:00", "time", "2026-02-28T09:00:00.000Z"),
    ('[1,"a"]', "array", [1, "a"]),
    ('{"a": 1}', "object", {"a": 1}),
    ('{"a":null,"b":{"c":[1,null]}}', "object", {"b": {"c": [1]}}),
    (
        '{"at":{"$time":"2026-02-28"},"say":"a null and $5"}',
        "object",
        {"at": {"$time": "2026-02-28"}, "say": "a null and $5"},
    ),
    ('{"add":["a"]}', "object", {"add": ["a"]}),
    ('he said "no"\t', "string", 'he said "no"\t'),
]


def test_a_value_of_each_type_goes_out_as_itself(session: Session) -> None:
    types = {f"c{at}": kind for at, (_, kind, _) in enumerate(AS_ITSELF)}
    load(session, [put(session, "part.csv", as_csv({}, [text for text, *_ in AS_ITSELF]))], **types)
    expected = {f"c{at}": wire for at, (*_, wire) in enumerate(AS_ITSELF)}
    assert lines(session) == [{"external_id": "u", "AIQ_a_1": True, **expected}]


LEFT_OUT: list[tuple[str, ColumnType]] = [
    ("x" * 256, "string"),
    ("1.5", "integer"),
    ("NaN", "number"),
    ("1e400", "number"),
    ("9007199254740993", "number"),
    ("yes", "boolean"),
    ("2026-02-30", "date"),
    ("2026-02-28x", "date"),
    ("next week", "time"),
    ("{}", "array"),
    (json.dumps(["a"] * 501), "array"),
    (json.dumps({"a": "x" * 50_000}), "object"),
    ('{"at":{"$time":"soon"}}', "object"),
    ('{"first name":1}', "object"),
    ('{"$a":1}', "object"),
    ('{"inc":"1"}', "object"),
    ('[{"b c":1}]', "array"),
]


def test_a_value_that_is_not_of_its_type_is_left_out_alone(session: Session) -> None:
    types = {f"c{at}": kind for at, (_, kind) in enumerate(LEFT_OUT)}
    body = as_csv({"w": "2"}, [text for text, _ in LEFT_OUT])
    staged = load(session, [put(session, "part.csv", body)], **types)
    reasons = [f"{'value_too_long' if k == 'string' else 'invalid_value'}:{n}" for n, k in types.items()]
    assert (staged.rejected, staged.rejected_values) == ({}, dict.fromkeys(reasons, 1))
    assert {(row.row, row.reason) for row in staged.value_examples} == {(1, reason) for reason in reasons}
    assert lines(session) == [{"external_id": "u", "AIQ_a_1": True, "w": "2"}]


def as_csv(first: dict[str, str], values: Sequence[str]) -> bytes:
    """One user, with these values in the columns c0, c1 and so on."""
    text = io.StringIO()
    row = {"external_id": "u"} | first | {f"c{at}": value for at, value in enumerate(values)}
    writer = csv.DictWriter(text, list(row))
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue().encode()


def test_a_bad_value_of_something_to_send_once_rejects_its_row(session: Session) -> None:
    session.inspect([put(session, "part.csv", b"external_id,v,gender\nu,x,male\nw,1,male\n")])
    columns = [StageColumn("v", "v", "number", "v0"), StageColumn("gender", "gender", "string", "v1")]
    staged = session.load(
        columns, identifier="external_id", time_zone="UTC", ops=False, collapse=True, attributes=False
    )
    assert (staged.rejected, staged.rejected_values) == ({"invalid_value:v": 1}, {})
    parts: list[PartFile] = []
    session.recipients("external_id", part_rows=9, emit=parts.append)
    assert json.loads(parts[0].body)["trigger_properties"] == {"v": 1, "gender": "male"}


STANDARD: dict[str, ColumnType] = {
    "gender": "string",
    "language": "string",
    "dob": "date",
    "email_subscribe": "string",
    "current_location": "object",
    "subscription_groups": "array",
}
GROUP = {"subscription_group_id": "g", "subscription_state": "subscribed"}
PLACE = {"longitude": 1, "latitude": 2.5}


@pytest.mark.parametrize("words", [1_000, 1])
def test_a_standard_fields_value_is_what_the_mapping_makes_of_it_of_few_values_or_many(
    session: Session, monkeypatch: pytest.MonkeyPatch, words: int
) -> None:
    monkeypatch.setattr(checks, "MOST_WORDS", words)
    rows: list[tuple[list[str], list[object]]] = [
        (
            ["Female", "en-GB", "1990-01-02T00:00:00Z", "opted_in", json.dumps(PLACE), json.dumps([GROUP])],
            ["F", "en", "1990-01-02", "opted_in", PLACE, [GROUP]],
        ),
        (["robot", "klingon", "2.1.1990", "yes", '{"longitude":"1","latitude":2.5}', '["g"]'], [None] * 6),
    ]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["external_id", *STANDARD])
    writer.writerows([user, *given] for user, (given, _) in enumerate(rows))
    staged = load(session, [put(session, "part.csv", text.getvalue().encode())], **STANDARD)
    assert staged.rejected_values == {f"invalid_value:{name}": 1 for name in STANDARD}
    assert [[line.get(name) for name in STANDARD] for line in lines(session)] == [sent for _, sent in rows]


NESTED: list[tuple[str, object]] = [
    ('[1, null, {"a": null, "b": "x y"}]', [1, {"b": "x y"}]),
    ('{"at": {"$time": "2026-01-02"}}', {"at": {"$time": "2026-01-02"}}),
    ('{"at": {"$time": "soon"}}', None),
    ('{"a name": 1}', None),
    ('{"a\\u0020name": 1}', None),
    ('{"$or": 1}', None),
    ('{"a": [NaN]}', None),
    ('{"null": "a null", "b": "c: d"}', {"null": "a null", "b": "c: d"}),
]


@pytest.mark.parametrize(("given", "sent"), NESTED)
def test_nothing_in_a_value_makes_braze_drop_all_of_it(session: Session, given: str, sent: object) -> None:
    kind: ColumnType = "array" if given.startswith("[") else "object"
    staged = load(session, [put(session, "part.csv", as_csv({}, [given]))], c0=kind)
    assert staged.rejected_values == ({} if sent else {"invalid_value:c0": 1})
    assert lines(session)[0].get("c0") == sent


def test_a_value_that_cannot_be_used_leaves_what_was_sent_before(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.diff.staging.MASK_BITS", 2)
    types: dict[str, ColumnType] = {"a": "number", "b": "number", "c": "number", "d": "number"}
    columns = tuple(Column(name=name, type="number", field=f"v{at}") for at, name in enumerate(types, 1))
    load(session, [put(session, "one.csv", b"external_id,a,b,c,d\nu,1,1,1,1\n")], **types)
    lines(session)
    first = session.commit(None, session.change_files(), columns, Refused(frozenset(), ()))
    kept = [path.rename(session.directory / f"old-{path.name}") for path in first.files]
    old = Old(tuple(kept), columns, same_hashing=True)
    staged = load(session, [put(session, "two.csv", b"external_id,a,b,c,d\nu,x,2,x,x\n")], **types)
    assert [(row.row, row.reason) for row in staged.value_examples] == [
        (1, "invalid_value:a"),
        (1, "invalid_value:c"),
        (1, "invalid_value:d"),
    ]
    assert lines(session, old) == [{"external_id": "u", "b": 2}]
    second = session.commit(old, session.change_files(), columns, Refused(frozenset(), ()))
    assert query(f"SELECT v1, v2, v3, v4 FROM '{second.files[0]}'") == [(1.0, 2.0, 1.0, 1.0)]


def test_identifiers_are_checked_and_the_last_row_of_a_user_wins(session: Session) -> None:
    body = f"external_id,v\nu,1\n ,2\n,3\n{'x' * 988},4\nu,5\nu,6\n".encode()
    staged = load(session, [put(session, "part.csv", body)])
    assert staged.rejected == {"empty_identifier": 2, "identifier_too_long": 1}
    assert (staged.duplicates, staged.usable) == (2, 1)
    assert lines(session)[0]["v"] == "6"


def test_json_lines_bring_their_types(session: Session) -> None:
    rows = [
        {"external_id": 7, "n": 1.5, "ok": True, "tags": ["a"], "x": 1},
        {"external_id": "8", "late": "y", "x": "z"},
    ]
    body = "\n".join(json.dumps(row) for row in rows).encode()
    files = [put(session, "part.jsonl", body)]
    types = {column.name: column.type for column in session.inspect(files)}
    assert types == {
        "external_id": "string",
        "n": "number",
        "ok": "boolean",
        "tags": "array",
        "x": "string",
        "late": "string",
    }
    load(session, files)
    assert lines(session) == [
        {"external_id": "7", "AIQ_a_1": True, "n": 1.5, "ok": True, "tags": ["a"], "x": "1"},
        {"external_id": "8", "AIQ_a_1": True, "x": "z", "late": "y"},
    ]


def test_parquet_brings_its_types_and_names(session: Session) -> None:
    path = session.directory / "part.parquet"
    query(
        "COPY (SELECT '07' AS external_id, 3 AS n, true AS ok, DATE '2026-01-02' AS d, [1, 2] AS list, "
        f"TIMESTAMP '2026-01-02 03:04:05' AS at, 1.50::DECIMAL(9, 2) AS money) TO '{path}' (FORMAT parquet)",
    )
    load(session, [SourceFile(1, path, "part.parquet")])
    assert lines(session) == [
        {
            "external_id": "07",
            "AIQ_a_1": True,
            "n": 3,
            "ok": True,
            "d": "2026-01-02",
            "list": [1, 2],
            "at": "2026-01-02T02:04:05.000Z",
            "money": 1.5,
        },
    ]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("part.csv", b""),
        ("part.csv", b"external_id,v\n1,2,3\n"),
        ("part.csv", b'external_id,v\n1,"2\n'),
        ("part.csv", "external_id,v\n1,é\n".encode("latin-1")),
        ("part.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:-12]),
        ("part.csv.zst", b"\x28\xb5\x2f\xfdno zstd"),
        ("part.parquet", b"no parquet"),
        ("part.jsonl", b'{"external_id": \n'),
        ("part.csv", b"external_id,v,v\n1,2,3\n"),
    ],
)
def test_a_part_that_cannot_be_read_says_which_and_why(session: Session, name: str, body: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        load(session, [put(session, name, body)])
    assert name in caught.value.detail


def test_parts_have_to_have_the_same_columns(session: Session) -> None:
    files = [put(session, "a.csv", b"external_id,v\n"), put(session, "b.csv", b"external_id,w\n", 2)]
    with pytest.raises(Rejected, match="columns_differ"):
        load(session, files)


PROPOSED: dict[str, tuple[str, str, str]] = {
    "numbers": ("1", "2.5", "number"),
    "leading": ("01", "2", "string"),
    "long": ("1234567890", "2", "string"),
    "flags": ("true", "FALSE", "boolean"),
    "days": ("2026-01-01", "", "date"),
    "times": ("2026-01-01T00:00:00Z", "2026-01-01", "time"),
    "empty": ("", "", "string"),
}


def test_types_are_proposed_with_care(session: Session) -> None:
    rows = [list(PROPOSED), *zip(*((one, two) for one, two, _ in PROPOSED.values()), strict=True)]
    session.inspect([put(session, "part.csv", "".join(f"{','.join(row)}\n" for row in rows).encode())])
    assert session.propose(list(PROPOSED)) == {name: kind for name, (*_, kind) in PROPOSED.items()}


def test_mixed_line_ends_and_a_short_row_are_refused_while_types_are_proposed(session: Session) -> None:
    session.inspect([put(session, "part.csv", b"external_id,a,b\nu,1\r\nv,1,2\n")])
    with pytest.raises(Rejected, match="unreadable_part"):
        session.propose(["a"])


def test_parts_are_cut_to_size_across_tables(session: Session) -> None:
    body = "external_id\n" + "".join(f"u{n}\n" for n in range(50))
    load(session, [put(session, "part.csv", body.encode())])
    parts: list[PartFile] = []
    found = session.compare(None, SENDING, full=True, rows=25_000_000, part_rows=7, emit=parts.append)
    assert [part.rows for part in parts] == [7] * 7 + [1]
    assert [part.number for part in parts] == list(range(1, 9))
    assert (found.joined, found.lines, found.parts) == (50, 50, 8)
    assert len({line for part in parts for line in part.body.splitlines()}) == 50
    assert len(session.change_files()) == 3


def test_refused_lines_keep_their_old_state_under_another_partitioning_and_type(session: Session) -> None:
    load(session, [put(session, "one.csv", b"external_id,v\na,1\nb,2\nc,3\n")], v="string")
    lines(session)
    columns = (Column(name="v", type="string", field="v1"),)
    first = session.commit(None, session.change_files(), columns, Refused(frozenset(), ()))
    kept = [path.rename(session.directory / f"old-{path.name}") for path in first.files]
    old = Old(tuple(kept), columns, same_hashing=False)

    session.inspect([put(session, "two.csv", b"external_id,v\na,1\nb,7\nd,4\n")])
    session.load(
        [StageColumn("v", "v", "number", "v1")],
        identifier="external_id",
        time_zone="UTC",
        ops=False,
        collapse=True,
    )
    parts: list[PartFile] = []
    session.compare(old, SENDING, full=True, rows=20_000_000, part_rows=1, emit=parts.append)
    sent = {json.loads(part.body)["external_id"]: part.number for part in parts}
    assert set(sent) == {"b", "c", "d"}
    columns = (Column(name="v", type="number", field="v1"),)
    refused = Refused(frozenset({sent["c"]}), ((sent["b"], 0),))
    second = session.commit(old, session.change_files(), columns, refused)
    assert (second.rows, second.members, len(second.files)) == (4, 4, 2)
    rows = query(f"SELECT id, member, v1 FROM read_parquet({[str(p) for p in second.files]}) ORDER BY id")
    assert rows == [("a", True, 1.0), ("b", True, 2.0), ("c", True, 3.0), ("d", True, 4.0)]


def test_every_row_and_value_that_cannot_be_used_is_told_also_of_rows_that_a_later_one_supersedes(
    session: Session,
) -> None:
    first = b"external_id,n,m\nu1,x,1\n,2,2\nu2,2,2\nu1,1,y\n"
    files = [put(session, "a.csv", first), put(session, "b.csv", b"external_id,n,m\nu3,x,x\n", 2)]
    staged = load(session, files, n="number", m="number")
    assert [tuple(one) for one in session.rejects()] == [
        ("exports/a.csv", 1, "u1", "invalid_value:n"),
        ("exports/a.csv", 2, "", "empty_identifier"),
        ("exports/a.csv", 4, "u1", "invalid_value:m"),
        ("exports/b.csv", 1, "u3", "invalid_value:n"),
        ("exports/b.csv", 1, "u3", "invalid_value:m"),
    ]
    assert {(one.user, one.reason) for one in staged.value_examples} >= {("u1", "invalid_value:n")}
    load(session, [put(session, "a.csv", b"external_id,n\nu1,1\n")], n="number")
    assert list(session.rejects()) == []


def test_rejects_have_no_limit_where_examples_have_one(session: Session) -> None:
    body = b"external_id,n\n" + b"".join(b"u%d,x\n" % n for n in range(2_500))
    staged = load(session, [put(session, "a.csv", body)], n="number")
    assert len(staged.value_examples) == 1_000
    assert [one.row for one in session.rejects()] == list(range(1, 2_501))


def test_a_file_of_rows_is_written_without_some_of_them_and_only_then(session: Session) -> None:
    source, target = session.directory / "rows.parquet", session.directory / "left.parquet"
    rows = "(VALUES ('u1', true, 1), ('it''s', true, 2), ('u3', false, 3)) t(id, member, v0)"
    query(f"COPY (SELECT * FROM {rows}) TO '{source}' (FORMAT parquet)")
    assert session.forget(source, ["u9"], target) == (0, 3, 2)
    assert not target.exists()
    assert session.forget(source, ["it's", "u3"], target) == (2, 1, 1)
    assert query(f"SELECT * FROM read_parquet('{target}')") == [("u1", True, 1)]
