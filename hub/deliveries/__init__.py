"""Deliveries: one hand-over of one message on one channel to one addressee; knows a message only by its id."""
