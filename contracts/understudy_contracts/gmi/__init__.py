"""GMI Cloud's wire contract: schemas, models, errors, switches and printed examples, all data."""
