"""Causative factors (P3 3.1 and 4.1): which layers separate landslides from other ground."""
