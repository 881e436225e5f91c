"""Connections to PostgreSQL and Redis.

A connection serves one request: a demo has few, and none of them outlives a server that was restarted.
"""

from contextlib import contextmanager

import psycopg2
import redis

from service.settings import settings

CONNECT_SECONDS = 2
COMMAND_SECONDS = 2


@contextmanager
def database(application):
    """One transaction: committed at the end, rolled back on an exception."""
    connection = psycopg2.connect(
        settings.database_url,
        connect_timeout=CONNECT_SECONDS,
        application_name=application,
        options=f"-c statement_timeout={COMMAND_SECONDS * 1000} -c lock_timeout={COMMAND_SECONDS * 1000}",
    )
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def cache():
    return redis.Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=COMMAND_SECONDS,
        decode_responses=True,
    )
