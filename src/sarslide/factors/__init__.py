"""Causative factors (P3 3.1 and 4.1): which layers tell landslides from other ground, and which say the same twice."""
