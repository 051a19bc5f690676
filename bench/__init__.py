"""What the stand-in costs, as ratios against a baseline of the same run on the same machine."""
