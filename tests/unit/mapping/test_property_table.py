"""Every public function and method of the mapping has a property test: a new one without it fails here.

A property test gives a function any value there is, and says what holds of whatever comes back.
"""

import ast
import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import FunctionType

import mapping

HERE = Path(__file__).parent
EVENTS, ROWS, SETTINGS = "test_property_events", "test_property_rows", "test_property_settings"
EVENT = f"{EVENTS}.test_any_event_is_refused_by_name_or_is_what_each_vendor_takes_or_has_a_reason"
BATCH = f"{EVENTS}.test_a_batchs_context_lies_under_its_events"
PACKS = f"{EVENTS}.test_what_an_integration_wants_is_packed_once_and_in_order"
DELIVERY = f"{EVENTS}.test_a_delivery_comes_out_of_its_queue_as_it_went_in"
CLEAN = f"{EVENTS}.test_what_is_cleaned_holds_no_null_and_no_half_character"
PROPERTY = f"{EVENTS}.test_properties_go_out_as_braze_takes_them_and_what_stays_behind_is_told"
MEMORY = f"{EVENTS}.test_a_memory_keeps_back_only_what_it_has_seen_and_nothing_old_goes_out"
MERGE = f"{EVENTS}.test_two_changes_of_one_user_are_one_or_stay_two"
RECIPIENT = f"{ROWS}.test_any_row_is_a_recipient_braze_takes_or_is_rejected"
REQUEST = f"{ROWS}.test_a_request_holds_each_item_once_or_has_it_wait"
COLUMNS = f"{ROWS}.test_every_column_has_a_fate_and_no_two_become_one_attribute"
NAMES = f"{ROWS}.test_a_name_is_what_it_is_to_braze_or_has_a_problem"
VALUES = f"{ROWS}.test_a_value_braze_keeps_is_kept_again_and_any_other_is_none"
SAME = f"{ROWS}.test_a_value_is_the_same_as_itself_and_any_two_can_be_compared"
TIMES = f"{SETTINGS}.test_moments_are_written_in_one_zone_and_sort_as_they_are"
KEYS = f"{SETTINGS}.test_a_key_says_what_it_is_or_is_refused"
CONFIG = f"{SETTINGS}.test_any_configuration_is_taken_whole_or_every_fault_is_pointed_at"
LIBRARY = f"{SETTINGS}.test_the_library_is_asked_anything"
LETTERS = f"{SETTINGS}.test_a_group_of_letters_is_found_by_its_key_and_a_replay_says_what_is_left"
ADDRESS = f"{SETTINGS}.test_an_id_cannot_leave_its_place_in_an_address_nor_a_key_its_header"

PROPERTIES = {
    "actioniq.to_record": EVENT,
    "actioniq.wanted": EVENT,
    "actioniq.wants": PACKS,
    "braze.array_of": EVENT,
    "braze.left_out": EVENT,
    "braze.object_count": EVENT,
    "braze.to_objects": EVENT,
    "braze.wanted": EVENT,
    "braze.wants": PACKS,
    "braze_columns.classify": COLUMNS,
    "braze_columns.columns": COLUMNS,
    "braze_columns.identifier_problem": VALUES,
    "braze_columns.names_a_code": NAMES,
    "braze_fields.attribute_field": NAMES,
    "braze_fields.key_problem": NAMES,
    "braze_fields.membership_attribute": NAMES,
    "braze_fields.trait_field": NAMES,
    "braze_memory.digest": MEMORY,
    "braze_memory.remembered": MEMORY,
    "braze_memory.returned": MEMORY,
    "braze_memory.sift": MEMORY,
    "braze_memory.tells_repeats": MEMORY,
    "braze_memory.update_of": MEMORY,
    "braze_operators.adds_up": MERGE,
    "braze_operators.combine": MERGE,
    "braze_operators.is_operation": MERGE,
    "braze_profile.attributes_of": CLEAN,
    "braze_properties.storable": PROPERTY,
    "braze_requests.TrackRequest.body": REQUEST,
    "braze_requests.last_of_each_user": RECIPIENT,
    "braze_requests.plan_track": REQUEST,
    "braze_rows.addressed": RECIPIENT,
    "braze_rows.to_recipient": RECIPIENT,
    "braze_values.date": VALUES,
    "braze_values.filled_text": VALUES,
    "braze_values.flag": VALUES,
    "braze_values.gender": VALUES,
    "braze_values.groups": VALUES,
    "braze_values.language": VALUES,
    "braze_values.location": VALUES,
    "braze_values.moment": VALUES,
    "braze_values.phone": VALUES,
    "braze_values.problem": VALUES,
    "braze_values.size": VALUES,
    "braze_values.subscription": VALUES,
    "braze_values.text": VALUES,
    "braze_values.thing": VALUES,
    "catalog.CatalogEntry.hint": LIBRARY,
    "catalog.CatalogEntry.variant": LIBRARY,
    "catalog.entries": LIBRARY,
    "catalog.entry": LIBRARY,
    "catalog.search": LIBRARY,
    "catalog.validate_config": CONFIG,
    "catalog.validation.validate_fields": CONFIG,
    "delivery.DeliveryMessage.body": DELIVERY,
    "delivery.delivery_id": DELIVERY,
    "delivery.frame": DELIVERY,
    "destination.MappingModule.wants": PACKS,
    "destination.Wants.packs": PACKS,
    "destination.mapping_module": PACKS,
    "event.braze_id": EVENT,
    "event.inherit": BATCH,
    "event.normalise": EVENT,
    "export.ExportKey.parse": KEYS,
    "export.Manifest.check": KEYS,
    "export.file_format": KEYS,
    "export.run_id": KEYS,
    "installation.ActionIqSettings.header": ADDRESS,
    "installation.ActionIqSettings.url": ADDRESS,
    "installation.Settings.of": ADDRESS,
    "json_values.clean_object": CLEAN,
    "json_values.encode": CLEAN,
    "letter.Group.of": LETTERS,
    "letter.ReplayJob.shown": LETTERS,
    "letter.Wanted.has": LETTERS,
    "outcome.filtered": LIBRARY,
    "outcome.rejected": LIBRARY,
    "packing.pack": PACKS,
    "readback.comparable": NAMES,
    "readback.drift": SAME,
    "readback.fields_to_export": NAMES,
    "readback.same": SAME,
    "times.iso": TIMES,
    "webhook.to_event": EVENT,
    "webhook.wants": PACKS,
}


def public() -> set[str]:
    """What other packages may call: functions of the modules, and methods that are no property."""
    found = set()
    for info in pkgutil.walk_packages(mapping.__path__, "mapping."):
        module = import_module(info.name)
        short = info.name.removeprefix("mapping.")
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", "") != info.name:
                continue
            if inspect.isclass(thing):
                found |= {f"{short}.{name}.{method}" for method in methods(thing)}
            elif callable(thing):
                found.add(f"{short}.{name}")
    return found


def methods(of: type) -> list[str]:
    """The public ones that the class itself defines."""
    plain = {name: getattr(one, "__func__", one) for name, one in vars(of).items() if name[0] != "_"}
    return [
        name
        for name, one in plain.items()
        if isinstance(one, FunctionType) and one.__module__ == of.__module__
    ]


def property_tests() -> set[str]:
    """The tests that are given any value."""
    return {
        f"{path.stem}.{node.name}"
        for path in HERE.glob("test_property_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and any("given(" in ast.unparse(one) for one in node.decorator_list)
    }


def test_every_public_function_of_the_mapping_is_named_with_its_property_test() -> None:
    assert public() == PROPERTIES.keys()


def test_every_property_test_that_is_named_is_one() -> None:
    assert set(PROPERTIES.values()) <= property_tests()
