"""The door of the web chat: a loader for any site, a frame of ours, a socket for the visitor."""
