"""Signing in, with a limit on failed attempts.

Failures are counted in Redis (`login_attempt:NAME`, gone after the window). Whoever reaches the limit is
locked out by a row in PostgreSQL. Without Redis nobody can sign in: guessing would be free otherwise.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from service.log import log
from service.settings import settings
from service.stores import cache, database

NAME = re.compile(r"[a-z][a-z0-9._-]{0,63}\Z")
# Unknown names cost as much as known ones.
NOBODY = "scrypt$16384$8$1$" + "00" * 16 + "$" + "00" * 32


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict
    result: str
    retry_after: int = 0


def matches(password, stored):
    _, n, r, p, salt, digest = stored.split("$")
    made = hashlib.scrypt(
        password.encode(), salt=bytes.fromhex(salt), n=int(n), r=int(r), p=int(p), dklen=len(digest) // 2
    )
    return hmac.compare_digest(made.hex(), digest)


def sign_in(request, client):
    name, password = request.get("username"), request.get("password")
    if not isinstance(name, str) or not isinstance(password, str) or not NAME.match(name):
        return Answer(400, {"error": "expected a username and a password"}, "malformed")

    with cache() as attempts, database("api: login") as cursor:
        cursor.execute("SELECT reason FROM maintenance WHERE enabled")
        if row := cursor.fetchone():
            return Answer(503, {"error": "maintenance", "reason": row[0]}, "maintenance")

        cursor.execute("SELECT locked_until FROM lockout WHERE username = %s AND locked_until > now()", [name])
        if row := cursor.fetchone():
            return locked_out(name, client, row[0])

        cursor.execute("SELECT password_hash FROM account WHERE username = %s", [name])
        row = cursor.fetchone()
        if matches(password, row[0] if row else NOBODY) and row:
            attempts.delete(f"login_attempt:{name}")
            cursor.execute("UPDATE account SET last_login_at = now() WHERE username = %s", [name])
            return Answer(200, {"status": "signed in", "username": name}, "ok")
        return failed(attempts, cursor, name, client)


def failed(attempts, cursor, name, client):
    key = f"login_attempt:{name}"
    with attempts.pipeline(transaction=True) as transaction:
        transaction.incr(key)
        transaction.expire(key, settings.window_seconds, nx=True)
        count, _ = transaction.execute()
    if count < settings.max_attempts:
        log("warn", "login_failed", username=name, client=client, attempts=count)
        return Answer(401, {"error": "wrong username or password"}, "wrong")

    until = datetime.now(timezone.utc) + timedelta(seconds=settings.lockout_seconds)
    cursor.execute(
        """
        INSERT INTO lockout (username, attempts, client, locked_until) VALUES (%s, %s, %s, %s)
        ON CONFLICT (username) DO UPDATE SET
          attempts = excluded.attempts, client = excluded.client, locked_at = now(),
          locked_until = excluded.locked_until
        """,
        [name, count, client, until],
    )
    return locked_out(name, client, until)


def locked_out(name, client, until):
    seconds = max(1, round((until - datetime.now(timezone.utc)).total_seconds()))
    log("warn", "login_locked_out", username=name, client=client, seconds=seconds)
    body = {"error": "locked out after too many attempts", "until": until.isoformat(timespec="seconds")}
    return Answer(429, body, "locked_out", retry_after=seconds)
