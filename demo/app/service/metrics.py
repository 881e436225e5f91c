"""Counters in the text format of Prometheus, version 0.0.4, and who may read them."""

import hmac
import ipaddress
import threading
from collections import defaultdict

from service.log import first_line, log
from service.settings import settings
from service.stores import database

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


def refused(headers, client):
    """The status and the reason why this caller may not read the metrics; None if they may."""
    guard = settings.metrics_guard
    if guard.kind == "secret":
        given = headers.get("x-metrics-secret")
        if given is None:
            return 401, "header x-metrics-secret is missing"
        if not hmac.compare_digest(given.encode(), guard.secret.encode()):
            return 401, "header x-metrics-secret is wrong"
    if guard.kind == "cidr":
        address = ipaddress.ip_address(client)
        if not any(address in network for network in guard.allowed):
            return 403, f"{client} is in no network of METRICS_GUARD_ALLOWLIST"
    return None


class Metrics:
    def __init__(self):
        self.lock = threading.Lock()
        self.requests = defaultdict(int)
        self.durations = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
        self.seconds = defaultdict(float)
        self.logins = defaultdict(int)

    def observe(self, method, path, status, seconds):
        with self.lock:
            self.requests[method, path, status] += 1
            self.seconds[path] += seconds
            place = next((index for index, limit in enumerate(BUCKETS) if seconds <= limit), len(BUCKETS))
            self.durations[path][place] += 1

    def count_login(self, result):
        with self.lock:
            self.logins[result] += 1

    def text(self, checks):
        with self.lock:
            lines = [
                "# HELP app_info Version of the application.",
                "# TYPE app_info gauge",
                f'app_info{{version="{settings.version}"}} 1',
                "# HELP dependency_up Whether a dependency answers.",
                "# TYPE dependency_up gauge",
                *(f'dependency_up{{dependency="{name}"}} {int(check["status"] == "up")}'
                  for name, check in checks.items()),
                "# HELP http_requests_total Requests answered.",
                "# TYPE http_requests_total counter",
                *(f'http_requests_total{{method="{method}",path="{path}",status="{status}"}} {count}'
                  for (method, path, status), count in sorted(self.requests.items())),
                "# HELP http_request_duration_seconds Time to answer.",
                "# TYPE http_request_duration_seconds histogram",
                *self.histogram(),
                "# HELP login_attempts_total Attempts to sign in.",
                "# TYPE login_attempts_total counter",
                *(f'login_attempts_total{{result="{result}"}} {count}'
                  for result, count in sorted(self.logins.items())),
            ]
        return "\n".join(lines + self.lockouts()) + "\n"

    def histogram(self):
        for path, counts in sorted(self.durations.items()):
            total = 0
            for limit, count in zip((*BUCKETS, "+Inf"), counts):
                total += count
                yield f'http_request_duration_seconds_bucket{{path="{path}",le="{limit}"}} {total}'
            yield f'http_request_duration_seconds_sum{{path="{path}"}} {self.seconds[path]:.6f}'
            yield f'http_request_duration_seconds_count{{path="{path}"}} {total}'

    def lockouts(self):
        try:
            with database("api: metrics") as cursor:
                cursor.execute("SELECT count(*) FROM lockout WHERE locked_until > now()")
                (count,) = cursor.fetchone()
        except Exception as error:  # without the database there is no such number; the others still count
            log("warn", "metrics_incomplete", error=first_line(error))
            return []
        return [
            "# HELP login_lockouts_active Accounts that are locked out now.",
            "# TYPE login_lockouts_active gauge",
            f"login_lockouts_active {count}",
        ]
