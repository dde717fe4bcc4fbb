"""From probability maps to a released inventory: polygons, masks, fusion, matching, releases."""
