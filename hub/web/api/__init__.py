"""The JSON API: typed endpoints, from which its OpenAPI is generated."""
