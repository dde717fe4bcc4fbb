"""The uid of an object: the same in every release of its region, and of no other object anywhere.

An `ls_id` counts the objects of one inventory, so that every region has an LS000001. A uid is a
UUID of version 5 (RFC 9562) of the region, its CRS, the ls_id, and when and where the object was
first released: two users who give their regions one name still have other uids, and the same
inventory made again has the same ones.
"""

from collections.abc import Mapping
from uuid import NAMESPACE_DNS, uuid5

from sarslide.inventory.changes import LAYERS, InventoryState

NAMESPACE = uuid5(NAMESPACE_DNS, "sarslide")


def give(inventory: InventoryState, region: str, crs) -> None:
    """Give a uid to every object that has none, and to the lines of its changes.

    Parameters
    ----------
    inventory : InventoryState
        Its rows are changed. An object that has a uid keeps it in all layers.
    region : str
        Name of the region.
    crs : CRS
        That of the outlines.
    """
    from pyproj import CRS

    named = CRS.from_user_input(crs).to_string()
    rows = [row for layer in LAYERS for row in inventory.layers[layer]]
    uids = {row["ls_id"]: row["uid"] for row in rows if row["uid"]}
    for row in rows:
        row["uid"] = uids.setdefault(row["ls_id"], _uid(row, region, named))
    for change in inventory.changes:
        change["uid"] = uids.get(change["ls_id"], change["uid"])


def _uid(row: Mapping, region: str, crs: str) -> str:
    """uid of an object as it is first released."""
    point = row["geometry"].normalize().representative_point()
    born = (region, crs, row["ls_id"], row["first_seen"], f"{point.x:.0f}", f"{point.y:.0f}")
    return str(uuid5(NAMESPACE, "/".join(born)))
