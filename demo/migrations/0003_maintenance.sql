-- One row: while it is enabled, the API refuses everything but health, readiness and metrics.
CREATE TABLE maintenance (
  one     boolean     PRIMARY KEY DEFAULT true CHECK (one),
  enabled boolean     NOT NULL DEFAULT false,
  reason  text        NOT NULL DEFAULT '',
  since   timestamptz NOT NULL DEFAULT now()
);

INSERT INTO maintenance DEFAULT VALUES;
