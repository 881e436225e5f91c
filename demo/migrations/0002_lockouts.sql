-- Who may not sign in until when. Expired rows are removed by the worker.
CREATE TABLE lockout (
  username     text        PRIMARY KEY,
  attempts     integer     NOT NULL CHECK (attempts > 0),
  client       inet        NOT NULL,
  locked_at    timestamptz NOT NULL DEFAULT now(),
  locked_until timestamptz NOT NULL,
  CHECK (locked_until > locked_at)
);

CREATE INDEX lockout_locked_until ON lockout (locked_until);
