"""The export files: parts first, manifest last, the same bytes each time."""

import hashlib
from datetime import UTC, datetime

from local.demo import audience, exports
from local.demo.audience import Member
from tests.unit.demo.builders import DAYS, manifest, order, rows

AT = datetime(1997, 4, 1, 2, tzinfo=UTC)


def people(count: int) -> list[Member]:
    """Members of March, whichever split they hash to."""
    orders = [order(f"{number:05d}") for number in range(1, count + 1)]
    return [member for split in audience.SPLITS for member in audience.members(orders, DAYS[0], split)]


def test_the_manifest_comes_last_and_vouches_for_its_parts() -> None:
    """Rows and sha256 of each part, under the part's full key."""
    files = exports.files("exports/i", exports.AUDIENCE_COLUMNS, people(5), exported_at=AT, rows_per_part=2)
    assert [file.key.rsplit("/", 1)[1] for file in files][-1] == "manifest.json"
    parts = manifest(files)["parts"]
    assert [part["key"] for part in parts] == [file.key for file in files[:-1]]
    assert [part["sha256"] for part in parts] == [
        hashlib.sha256(file.body).hexdigest() for file in files[:-1]
    ]
    assert [part["rows"] for part in parts] == [2, 2, 1]


def test_the_same_members_give_the_same_bytes() -> None:
    """A part uploaded again is the same part."""
    once, again = (exports.files("p", exports.AUDIENCE_COLUMNS, people(3), exported_at=AT) for _ in range(2))
    assert once == again


def test_ids_keep_their_leading_zeros() -> None:
    """They are text, though every one of them looks like a number."""
    files = exports.files("p", exports.AUDIENCE_COLUMNS, people(1), exported_at=AT)
    assert rows(files)[0]["external_id"] == "00001"


def test_an_audience_of_nobody_is_a_part_without_rows() -> None:
    """With its heading, so that the columns are still there."""
    files = exports.files("p", exports.AUDIENCE_COLUMNS, [], exported_at=AT)
    assert [part["rows"] for part in manifest(files)["parts"]] == [0]
    assert rows(files) == []


def test_only_the_columns_of_the_file_are_typed() -> None:
    """A campaign's export has one."""
    files = exports.files("p", exports.CAMPAIGN_COLUMNS, people(1), exported_at=AT)
    assert manifest(files)["attributes"] == {"lifetime_value": {"name": "lifetime_value", "type": "number"}}
    assert rows(files) == [{"external_id": "00001", "lifetime_value": "60.00"}]


def test_an_export_goes_where_the_documents_say() -> None:
    """The two layouts."""
    assert exports.audience_prefix("int_1", "a", "2", "x") == "exports/int_1/audience=a/split=2/x"
    assert exports.campaign_prefix("int_1", "c", "x") == "exports/int_1/campaign=c/x"
