"""Settings, from environment variables only."""

import ipaddress
import os
import sys
from dataclasses import dataclass
from functools import cached_property


class Invalid(Exception):
    """A variable is missing or has no sensible value."""


def text(name, default=None):
    value = os.environ.get(name, default)
    if value is None:
        raise Invalid(f"{name} is not set")
    return value


def number(name, default):
    value = text(name, str(default))
    if not value.isdecimal() or int(value) < 1:
        raise Invalid(f"{name} is '{value}', expected a whole number from 1 on")
    return int(value)


def boolean(name, default):
    value = text(name, default)
    if value not in ("true", "false"):
        raise Invalid(f"{name} is '{value}', expected true or false")
    return value == "true"


@dataclass(frozen=True)
class MetricsGuard:
    """Who may read /metrics: everyone ('none'), who knows the secret, or who calls from an allowed network."""

    kind: str
    secret: str
    allowed: tuple

    @staticmethod
    def from_environment():
        kind = text("METRICS_GUARD", "none")
        secret = text("METRICS_GUARD_SECRET", "")
        names = [name.strip() for name in text("METRICS_GUARD_ALLOWLIST", "").split(",") if name.strip()]
        try:
            allowed = tuple(ipaddress.ip_network(name) for name in names)
        except ValueError as error:
            raise Invalid(f"METRICS_GUARD_ALLOWLIST: {error}") from None
        if kind not in ("none", "secret", "cidr"):
            raise Invalid(f"METRICS_GUARD is '{kind}', expected none, secret or cidr")
        if kind == "secret" and not secret:
            raise Invalid("METRICS_GUARD is secret, but METRICS_GUARD_SECRET is empty")
        if kind == "cidr" and not allowed:
            raise Invalid("METRICS_GUARD is cidr, but METRICS_GUARD_ALLOWLIST is empty")
        return MetricsGuard(kind, secret, allowed)


class Settings:
    """Read on first use: a program complains only about what it needs."""

    version = text("APP_VERSION", "development")

    @cached_property
    def database_url(self):
        return text("DATABASE_URL")

    @cached_property
    def redis_url(self):
        return text("REDIS_URL")

    @cached_property
    def listen(self):
        host, _, port = text("LISTEN", "127.0.0.1:8090").rpartition(":")
        if not host or not port.isdecimal():
            raise Invalid(f"LISTEN is '{host}:{port}', expected HOST:PORT")
        return host, int(port)

    @cached_property
    def metrics_enabled(self):
        return boolean("METRICS_ENABLED", "false")

    @cached_property
    def metrics_guard(self):
        return MetricsGuard.from_environment()

    @cached_property
    def max_attempts(self):
        return number("AUTH_LOGIN_MAX_ATTEMPTS", 5)

    @cached_property
    def window_seconds(self):
        return 60 * number("AUTH_LOGIN_ATTEMPT_WINDOW_MINUTES", 15)

    @cached_property
    def lockout_seconds(self):
        return 60 * number("AUTH_LOGIN_LOCKOUT_MINUTES", 30)

    @cached_property
    def migrations(self):
        return text("MIGRATIONS")

    @cached_property
    def heartbeat(self):
        return text("WORKER_HEARTBEAT", "/tmp/worker.alive")


settings = Settings()


def program(main):
    """Runs a program's main function; a wrong setting ends it with one line and status 78 (EX_CONFIG)."""
    try:
        sys.exit(main())
    except Invalid as error:
        print(f"invalid setting: {error}", file=sys.stderr)
        sys.exit(78)
