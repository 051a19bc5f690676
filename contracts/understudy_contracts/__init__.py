"""What AI-video providers promise on the wire, as data, and judges for it."""
