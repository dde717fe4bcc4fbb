"""Alerts: what a release reports that an office must look at."""
