-- Numbers events gaplessly within their topics and stores them, in one call. Locks the topics in order of name, so that writers of several
-- topics cannot deadlock. A `"seq": null` in the data is filled in with the event's own number.
CREATE FUNCTION emit_events(in_topics text[], in_names text[], in_data jsonb[])
RETURNS TABLE (position_epoch text, position_seq bigint) LANGUAGE plpgsql AS $$
DECLARE
  wanted record;
BEGIN
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
