"""Alerts: what a release tells that an office must look at."""
