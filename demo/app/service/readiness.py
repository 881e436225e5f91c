"""Whether the API can do its work: PostgreSQL answers a query, Redis a PING."""

import time
from concurrent.futures import ThreadPoolExecutor, TimeoutError as TookTooLong

from service.log import first_line
from service.stores import cache, database

LIMIT_SECONDS = 3


def ask_postgres():
    with database("api: readiness") as cursor:
        cursor.execute("SELECT 1")


def ask_redis():
    with cache() as connection:
        connection.ping()


CHECKS = {"postgres": ask_postgres, "redis": ask_redis}
# A name server that does not answer holds up a check for longer than its limit: such a thread is left
# behind, and others take over.
workers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="readiness")


def timed(check):
    started = time.monotonic()
    try:
        check()
        error = None
    except Exception as failure:  # whatever it is, the dependency cannot be used
        error = first_line(failure)
    return error, round((time.monotonic() - started) * 1000, 1)


def readiness():
    """The report, and whether everything is up."""
    started = time.monotonic()
    running = {name: workers.submit(timed, check) for name, check in CHECKS.items()}
    checks = {}
    for name, future in running.items():
        try:
            error, milliseconds = future.result(max(0, started + LIMIT_SECONDS - time.monotonic()))
        except TookTooLong:
            future.cancel()
            error, milliseconds = f"no answer within {LIMIT_SECONDS} s", LIMIT_SECONDS * 1000
        checks[name] = {"status": "down" if error else "up", "duration_ms": milliseconds}
        if error:
            checks[name]["error"] = error
    down = [name for name, check in checks.items() if check["status"] == "down"]
    return {"status": "unavailable" if down else "ready", "down": down, "checks": checks}, not down
