"""Corrections of pairs: height-correlated atmosphere, delays of dates, double difference."""
