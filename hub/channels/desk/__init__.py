"""The front desk: what was said, brought or written on paper in person."""
