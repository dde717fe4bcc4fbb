"""Slope, aspect, curvatures and shaded relief on the region grid."""
