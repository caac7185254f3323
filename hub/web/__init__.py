"""The web door: pages, API, live updates, and the webhooks of providers."""
