"""The demo's application: what its three programs (api, worker, migrate) share."""
