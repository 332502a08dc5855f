"""The admin API, in the manner of X-Road's central server (its OpenAPI description): HTTPS on port 4000, JSON.

`Authorization: X-Road-ApiKey token=<key>` on every request; errors as `{"status", "error": {"code", "metadata"}}`.
"""
