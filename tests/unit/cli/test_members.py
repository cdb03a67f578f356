"""Files of members, cut into parts: nothing is lost, nothing is guessed."""

import csv
import gzip
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from bridge_cli.errors import CliError, ExitCode
from bridge_cli.members import Layout, identifier_of, parts


@pytest.fixture
def cut(tmp_path):
    """Write a file, cut it, and give the parts with their text."""

    def cut(name: str, body: bytes, **layout: Any) -> list[tuple[Any, str]]:
        file = tmp_path / name
        file.write_bytes(body)
        (folder := tmp_path / "parts").mkdir(exist_ok=True)
        made = list(parts(file, Layout(**layout), folder, lambda _: None))
        return [(one, gzip.decompress(one.path.read_bytes()).decode()) for one in made]

    return cut


def fault(act: Any) -> str:
    with pytest.raises(CliError) as caught:
        act()
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value.message


def test_every_part_has_the_header_and_the_rows_in_order(cut) -> None:
    found = cut("m.csv", b"external_id,city\n" + b"".join(b"u%d,Ulm\n" % n for n in range(5)), rows=2)
    assert [text for _, text in found] == [
        "external_id,city\nu0,Ulm\nu1,Ulm\n",
        "external_id,city\nu2,Ulm\nu3,Ulm\n",
        "external_id,city\nu4,Ulm\n",
    ]
    assert [(one.name, one.rows) for one, _ in found] == [
        ("part-00001.csv.gz", 2),
        ("part-00002.csv.gz", 2),
        ("part-00003.csv.gz", 1),
    ]


def test_the_sum_is_of_what_is_uploaded_and_the_same_file_gives_the_same_bytes(cut) -> None:
    (first, _), (again, _) = (cut("m.csv", b"external_id\nu\n")[0] for _ in range(2))
    assert again.path.read_bytes()[4:8] == bytes(4)  # no time of its making
    assert first.sha256 == again.sha256 == hashlib.sha256(again.path.read_bytes()).hexdigest()


def test_quotes_line_breaks_and_a_mark_at_the_start_survive(cut) -> None:
    rows = [["external_id", "note"], ["u1", 'says "hi", twice'], ["u2", "two\nlines"], ["u3", "café"]]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    ((part, found),) = cut("m.csv", b"\xef\xbb\xbf" + text.getvalue().encode())
    assert list(csv.reader(io.StringIO(found))) == rows
    assert part.rows == 3


def test_blank_lines_are_no_rows(cut) -> None:
    ((part, _),) = cut("m.csv", b"external_id\n\nu1\n\n")
    assert part.rows == 1


def test_another_delimiter_becomes_a_comma(cut) -> None:
    ((_, text),) = cut("m.csv", b'external_id;note\nu1;"a,b"\n', delimiter=";")
    assert text == 'external_id,note\nu1,"a,b"\n'


def test_the_column_of_members_can_have_another_name(cut) -> None:
    ((_, text),) = cut("m.csv", b"city,customer\nUlm,u1\n", id_column="customer")
    assert text == "city,external_id\nUlm,u1\n"
    ((_, text),) = cut(
        "m.jsonl", b'{"city": "Ulm", "customer": "u1"}', id_column="customer", identifier="braze_id"
    )
    assert json.loads(text) == {"city": "Ulm", "braze_id": "u1"}


def test_compressed_files_are_opened(cut) -> None:
    ((part, text),) = cut("m.csv.gz", gzip.compress(b"external_id\nu1\n"))
    assert (part.name, text) == ("part-00001.csv.gz", "external_id\nu1\n")
    ((part, text),) = cut("m.jsonl.gz", gzip.compress(b'{"braze_id": "b"}\n'))
    assert (part.name, text) == ("part-00001.jsonl.gz", '{"braze_id":"b"}\n')


def test_what_cannot_be_cut_goes_as_it_is(tmp_path) -> None:
    file = tmp_path / "m.parquet"
    file.write_bytes(b"PAR1")
    (part,) = parts(file, Layout(), tmp_path, lambda _: None)
    assert (part.path, part.rows, part.made) == (file, None, False)
    assert part.sha256 == hashlib.sha256(b"PAR1").hexdigest()
    assert identifier_of(file, Layout()) == "external_id"
    assert "cannot be renamed" in fault(lambda: identifier_of(file, Layout(id_column="x")))


def test_an_audience_without_members_is_a_part_without_rows(cut) -> None:
    ((part, text),) = cut("m.csv", b"external_id,city\n")
    assert (part.rows, text) == (0, "external_id,city\n")


def test_what_was_read_is_told(tmp_path) -> None:
    file = tmp_path / "m.csv"
    file.write_bytes(b"external_id\n" + b"u\n" * 10)
    told: list[int] = []
    list(parts(file, Layout(), tmp_path, told.append))
    assert sum(told) == file.stat().st_size


@pytest.mark.parametrize(
    ("header", "layout", "found"),
    [
        ("external_id,city", {}, "external_id"),
        ("braze_id,city", {}, "braze_id"),
        ("braze_id,external_id", {}, "external_id"),
        ("braze_id,external_id", {"identifier": "braze_id"}, "braze_id"),
        ("customer,city", {"id_column": "customer"}, "external_id"),
    ],
)
def test_the_identifier_is_what_the_file_says(tmp_path, header, layout, found) -> None:
    file = tmp_path / "m.csv"
    file.write_text(f"{header}\n")
    assert identifier_of(file, Layout(**layout)) == found


@pytest.mark.parametrize(
    ("name", "body", "layout", "why"),
    [
        ("m.csv", b"customer,city\n", {}, "No column is called external_id"),
        ("m.csv", b"customer,city\n", {"id_column": "user"}, "no column user"),
        ("m.csv", b"customer,external_id\n", {"id_column": "customer"}, "beside customer"),
        ("m.csv", b"external_id,city\n", {"delta": True}, "column op"),
        ("m.csv", b"external_id,external_id\n", {}, "header"),
        ("m.csv", b"external_id,\n", {}, "header"),
        ("m.csv", b"", {}, "No column"),
        ("m.csv", b"\xff\xfe\n", {}, "m.csv"),
        ("m.jsonl", b"external_id\n", {}, "line 1"),
        ("m.txt", b"", {}, "no file of members"),
    ],
)
def test_a_file_that_does_not_say_who_is_in_is_refused(tmp_path, name, body, layout, why) -> None:
    file = tmp_path / name
    file.write_bytes(body)
    assert why in fault(lambda: identifier_of(file, Layout(**layout)))


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("m.csv", b"external_id,city\nu1,Ulm\nu2\n", "row 3 has 1 fields"),
        ("m.csv", b'external_id,city\nu1,"Ulm\n', "after row"),
        ("m.csv", b"external_id\n" + b"u\n" * 9000 + b"\xff\n", "after row"),
        (
            "m.csv.gz",
            gzip.compress(b"external_id\n" + bytes(range(32, 120)) * 900, mtime=0)[:-300],
            "after row",
        ),
        ("m.jsonl", b'{"external_id": "u"}\n[]\n', "line 2"),
    ],
)
def test_a_damaged_file_is_refused_and_says_where(cut, name, body, why) -> None:
    assert why in fault(lambda: cut(name, body))


def test_a_file_that_is_not_there_is_said_so() -> None:
    assert "no file" in fault(lambda: identifier_of(Path("/nowhere/m.csv"), Layout()))
