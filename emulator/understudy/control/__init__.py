"""`/_understudy/…`: what a test may ask the stand-in itself."""
