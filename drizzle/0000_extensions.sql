-- Trigram search for identifiers and paths. A trusted extension: no superuser needed.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
