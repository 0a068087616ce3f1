-- As before, with a shorter way for the usual case: all events belong to one topic, whose counter is then all that has to be looked at.
CREATE OR REPLACE FUNCTION emit_events(in_topics text[], in_names text[], in_data jsonb[])
RETURNS TABLE (position_epoch text, position_seq bigint) LANGUAGE plpgsql AS $$
DECLARE
  wanted record;
  total constant int := cardinality(in_topics);
  last bigint;
BEGIN
  IF in_topics[1] = ALL (in_topics) THEN
    INSERT INTO topics AS counter (topic, epoch, seq)
    VALUES (in_topics[1], substr(md5(random()::text || clock_timestamp()::text), 1, 12), total)
    ON CONFLICT (topic) DO UPDATE SET seq = counter.seq + excluded.seq
    RETURNING counter.epoch, counter.seq INTO position_epoch, last;
    INSERT INTO events (topic, seq, name, data)
    SELECT in_topics[1], last - total + nth, u.name,
           CASE WHEN u.data -> 'seq' = 'null'::jsonb THEN jsonb_set(u.data, '{seq}', to_jsonb(last - total + nth)) ELSE u.data END
    FROM unnest(in_names, in_data) WITH ORDINALITY AS u(name, data, nth);
    FOR nth IN 1..total LOOP
      position_seq := last - total + nth;
      RETURN NEXT;
    END LOOP;
    RETURN;
  END IF;
  FOR wanted IN SELECT given AS topic, count(*) AS amount FROM unnest(in_topics) AS given GROUP BY given ORDER BY given COLLATE "C" LOOP
    INSERT INTO topics AS counter (topic, epoch, seq)
    VALUES (wanted.topic, substr(md5(random()::text || clock_timestamp()::text), 1, 12), wanted.amount)
    ON CONFLICT (topic) DO UPDATE SET seq = counter.seq + excluded.seq;
  END LOOP;
  RETURN QUERY
  WITH given AS (
    SELECT u.topic, u.name, u.data, u.nth,
           row_number() OVER (PARTITION BY u.topic ORDER BY u.nth) - count(*) OVER (PARTITION BY u.topic) AS back
    FROM unnest(in_topics, in_names, in_data) WITH ORDINALITY AS u(topic, name, data, nth)
  ), numbered AS (
    SELECT given.*, topics.epoch, topics.seq + given.back AS at FROM given JOIN topics ON topics.topic = given.topic
  ), stored AS (
    INSERT INTO events (topic, seq, name, data)
    SELECT numbered.topic, numbered.at, numbered.name,
           CASE WHEN numbered.data -> 'seq' = 'null'::jsonb THEN jsonb_set(numbered.data, '{seq}', to_jsonb(numbered.at)) ELSE numbered.data END
    FROM numbered
  )
  SELECT numbered.epoch, numbered.at FROM numbered ORDER BY numbered.nth;
END
$$;
