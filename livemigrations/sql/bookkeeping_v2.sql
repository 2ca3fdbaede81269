CREATE TABLE IF NOT EXISTS livemigrations_kept (
    kept_as varchar(63) PRIMARY KEY,
    relation_schema varchar(63) NOT NULL,
    relation varchar(63) NOT NULL,
    attribute varchar(63) NOT NULL DEFAULT '',
    app varchar(255) NOT NULL,
    migration varchar(255) NOT NULL,
    direction varchar(8) NOT NULL CHECK (direction IN ('forward', 'back')),
    state varchar(12) NOT NULL CHECK (state IN ('copying', 'kept', 'putting back', 'put back')),
    position jsonb,
    rows bigint,
    sequences jsonb NOT NULL DEFAULT '{}',
    narrowed_to text NOT NULL DEFAULT '',
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS livemigrations_kept_migration ON livemigrations_kept (app, migration);
CREATE TABLE IF NOT EXISTS livemigrations_unseeded (
    seed varchar(64) NOT NULL,
    relation varchar(255) NOT NULL,
    key jsonb NOT NULL,
    row jsonb NOT NULL,
    PRIMARY KEY (seed, relation, key)
);
