"""The lab: play the customer on every channel, over the real protocols, without any account (demo only)."""
