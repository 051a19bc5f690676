"""Segmind's wire contract: schemas, models, errors, switches, hosts and printed examples, all data."""
