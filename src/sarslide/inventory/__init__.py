"""From probability maps to a released inventory: polygons, reason-coded masks, attributes, fusion, matching, releases, scores."""
