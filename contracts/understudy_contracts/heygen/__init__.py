"""HeyGen's own listings of avatars and voices, which GMI Cloud's page points to: schemas and documents, all data."""
