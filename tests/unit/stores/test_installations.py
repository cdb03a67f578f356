"""Installations: a transaction each, so that names stay unique and no revision is lost."""

from collections.abc import Iterator

import pytest

from bridge.errors import Rejected, Retryable
from bridge.stores.installations import CachedInstallations, InstallationStore
from mapping.installation import Installation, Revision
from tests.unit.stores.admin_tables import INSTALLATIONS, Clock, aws, installations_table

T1, T2 = "2026-11-22T12:00:00.000Z", "2026-11-22T13:00:00.000Z"


@pytest.fixture
def store() -> Iterator[InstallationStore]:
    with aws() as client:
        dynamodb = client("dynamodb")
        yield InstallationStore(dynamodb, installations_table(dynamodb))


def installation(number: int = 1, **changes: object) -> Installation:
    return Installation(
        id=f"int_{number}",
        catalog_key="actioniq",
        name=f"ActionIQ {number}",
        config={"account_id": "a", "ratio": 1.5},
        secret_fields=("api_key",),
        revision=Revision(id=f"rev_{number}", revision_number=1, created_at=T1),
        created_at=T1,
        updated_at=T1,
    ).model_copy(update=changes)


def revised(one: Installation, **changes: object) -> Installation:
    number = one.revision.revision_number + 1
    revision = one.revision.model_copy(update={"id": f"rev_{number}", "revision_number": number})
    return one.model_copy(update={"revision": revision, "updated_at": T2, **changes})


def test_an_installation_is_read_back_as_it_was_written(store):
    store.create(installation())
    assert store.get("int_1") == installation()


def test_an_unknown_id_is_none(store):
    assert store.get("int_nobody") is None


def test_a_name_is_unique_whatever_its_case(store):
    store.create(installation(1, name="Prod"))
    with pytest.raises(Rejected, match="name_taken"):
        store.create(installation(2, name="PROD"))
    assert [one.id for one in store.all()] == ["int_1"]
    assert store.name_taken("prod")


def test_a_revision_replaces_the_current_state_and_keeps_the_old_one(store):
    first = installation()
    store.create(first)
    second = revised(first, config={"account_id": "b"})
    store.save_revision(second, previous=first)
    assert store.get("int_1") == second
    assert store.revisions("int_1") == [second, first]


def test_the_loser_of_a_race_is_told_and_changes_nothing(store):
    first = installation()
    store.create(first)
    store.save_revision(revised(first, name="winner"), previous=first)
    with pytest.raises(Rejected, match="revision_conflict"):
        store.save_revision(revised(first, name="loser"), previous=first)
    assert store.get("int_1").name == "winner"
    assert not store.name_taken("loser")


def test_a_new_name_frees_the_old_one(store):
    first = installation(1, name="old")
    store.create(first)
    store.save_revision(revised(first, name="new"), previous=first)
    store.create(installation(2, name="old"))
    assert {one.name for one in store.all()} == {"new", "old"}


def test_a_rename_onto_a_taken_name_is_refused(store):
    first = installation(1)
    store.create(first)
    store.create(installation(2, name="taken"))
    with pytest.raises(Rejected, match="name_taken"):
        store.save_revision(revised(first, name="Taken"), previous=first)


def test_switching_off_is_no_revision_and_survives_the_next_one(store):
    first = installation()
    store.create(first)
    store.set_enabled("int_1", enabled=False, at=T2)
    assert store.get("int_1").enabled is False
    store.save_revision(revised(first), previous=first)
    assert store.get("int_1").enabled is False
    assert store.get("int_1").revision.revision_number == 2


def test_switching_what_does_not_exist_is_refused(store):
    with pytest.raises(Rejected, match="not_found"):
        store.set_enabled("int_nobody", enabled=True, at=T2)


def test_a_deleted_installation_is_gone_but_its_history_stays(store):
    first = installation()
    store.create(first)
    store.delete(first, at=T2)
    assert store.get("int_1") is None
    assert store.all() == []
    assert store.get("int_1", deleted=True).deleted_at == T2
    assert store.revisions("int_1") == [first]
    store.create(installation(2, name=first.name))


def test_deleting_twice_is_refused(store):
    store.create(installation())
    store.delete(installation(), at=T2)
    with pytest.raises(Rejected, match="not_found"):
        store.delete(installation(), at=T2)


def test_a_deleted_installation_takes_no_revision(store):
    first = installation()
    store.create(first)
    store.delete(first, at=T2)
    with pytest.raises(Rejected, match="revision_conflict"):
        store.save_revision(revised(first), previous=first)


def test_a_table_that_is_away_is_told_as_retryable(store):
    with aws() as client:
        client("dynamodb").delete_table(TableName=INSTALLATIONS)
    for call in (
        lambda: store.get("int_1"),
        store.all,
        lambda: store.revisions("int_1"),
        lambda: store.name_taken("a"),
        lambda: store.create(installation()),
        lambda: store.set_enabled("int_1", enabled=True, at=T2),
    ):
        with pytest.raises(Retryable, match="table_unavailable"):
            call()


class CountingStore:
    """Counts what is asked of it."""

    def __init__(self, found: list[Installation]) -> None:
        self.found = found
        self.asked = 0

    def get(self, installation_id: str) -> Installation | None:
        self.asked += 1
        return next((one for one in self.found if one.id == installation_id), None)


def test_cached_reads_ask_once_within_their_time():
    clock, store = Clock(), CountingStore([installation()])
    cached = CachedInstallations(store, 5, clock)
    assert [cached.get("int_1"), cached.get("int_1")] == [installation()] * 2
    assert store.asked == 1


def test_cached_reads_see_a_change_after_their_time():
    clock, store = Clock(), CountingStore([installation()])
    cached = CachedInstallations(store, 5, clock)
    cached.get("int_1")
    store.found = [installation(enabled=False)]
    clock.forward(seconds=4.9)
    assert cached.get("int_1").enabled
    clock.forward(seconds=0.1)
    assert not cached.get("int_1").enabled


def test_an_installation_that_was_not_there_is_known_as_soon_as_it_is():
    store = CountingStore([])
    cached = CachedInstallations(store, 5, Clock())
    assert cached.get("int_1") is None
    store.found = [installation()]
    assert cached.get("int_1") == installation()


def test_a_deleted_installation_is_forgotten_after_its_time():
    clock, store = Clock(), CountingStore([installation()])
    cached = CachedInstallations(store, 5, clock)
    cached.get("int_1")
    store.found = []
    clock.forward(seconds=5)
    assert [cached.get("int_1"), cached.get("int_1")] == [None, None]
