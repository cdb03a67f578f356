"""Event source mappings on the emulator, which keeps a template parameter's numbers as texts and stumbles over them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.emulator import Aws


def number(aws: "Aws") -> None:
    """Set batch size and concurrency of every mapping again, this time as numbers."""
    client = aws.functions()
    pages = client.get_paginator("list_event_source_mappings").paginate()
    for mapping in (mapping for page in pages for mapping in page["EventSourceMappings"]):
        client.update_event_source_mapping(
            UUID=mapping["UUID"],
            BatchSize=int(mapping["BatchSize"]),
            ScalingConfig={"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])},
        )
