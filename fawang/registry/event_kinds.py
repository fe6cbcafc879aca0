"""The events this room writes."""

from __future__ import annotations

from fawang.kernel.events import event_kind

event_kind("organisation.added", "登记机构", "Body registered", keys=("organisation", "kind", "region", "parent"))
event_kind("organisation.changed", "变更机构", "Body changed", keys=("organisation", "fields", "version"))
event_kind("site.added", "登记网点", "Site registered", keys=("site", "organisation", "level", "region"))
event_kind("site.changed", "变更网点", "Site changed", keys=("site", "fields", "version"))
event_kind("practitioner.added", "登记执业人员", "Practitioner registered", keys=("practitioner", "kind", "organisation"))
event_kind("practitioner.changed", "变更执业人员", "Practitioner changed", keys=("practitioner", "fields", "version"))
event_kind("registry.imported", "批量导入", "Imported", keys=("batch", "kind", "rows", "added", "changed", "digest"))
