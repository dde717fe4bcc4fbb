"""A release as others read it: files of every GIS, fields of two registers, a STAC catalogue, a
QGIS project, and what has changed since an earlier release.
"""
