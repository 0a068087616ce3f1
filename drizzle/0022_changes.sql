CREATE TABLE "change_feeds" (
	"workspace_id" uuid PRIMARY KEY NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "change_feeds" ADD CONSTRAINT "change_feeds_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
-- Changes that the current transactions have noted and not written as events yet. Rows live as long as their transaction at most.
CREATE UNLOGGED TABLE pending_changes (
  nth bigint GENERATED ALWAYS AS IDENTITY,
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  topic text NOT NULL,
  data jsonb NOT NULL
);
--> statement-breakpoint
CREATE INDEX pending_changes_transaction ON pending_changes (transaction);
--> statement-breakpoint
-- At the end of the transaction, in one call: the counters of `changes:<workspaceId>` are locked behind all others, in the order of their
-- names and for the commit only, so that writers of one workspace neither wait for each other long nor deadlock, and numbers are in the order of commits.
CREATE FUNCTION emit_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  topics text[];
  changes jsonb[];
BEGIN
  WITH noted AS (DELETE FROM pending_changes WHERE transaction = pg_current_xact_id() RETURNING nth, topic, data)
  SELECT array_agg(topic ORDER BY nth), array_agg(data ORDER BY nth) INTO topics, changes FROM noted;
  IF topics IS NOT NULL THEN
    PERFORM emit_events(topics, array_fill('database.changed'::text, ARRAY[cardinality(topics)]), changes);
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER pending_changes_emit AFTER INSERT ON pending_changes
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION emit_changes();
--> statement-breakpoint
-- Has the changes of a table noted where somebody follows its workspace (change_feeds). One call for each statement, whatever the number of rows,
-- and nothing but a look at an empty table while nobody follows any.
-- in_key: the columns that make `id`: one of them as it is, several as a UUID made of them.
-- in_workspace: `workspace_id`, `id`, or `conversation` for rows of a conversation; those of a deleted one are not told of.
-- in_visible: which rows exist for clients, as an expression on `row`: one that ceases to is told as deleted, one that begins to as inserted.
-- in_columns: what is told, the same as CHANGES in src/contracts/changes.ts. Nothing else ever leaves. Times are written as RFC 3339 in UTC.
CREATE FUNCTION follow_changes(in_table text, in_key text[], in_workspace text, in_visible text, in_columns text[]) RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
  id text;
  record text;
  body text := $body$
BEGIN
  IF NOT EXISTS (SELECT FROM change_feeds) THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO pending_changes (topic, data)
    SELECT 'changes:' || feed.workspace_id,
      jsonb_build_object('table', TG_TABLE_NAME, 'operation', 'insert', 'id', {new.id}, 'record', {new.record})
    FROM new_rows {new.feed} WHERE {new.visible} ORDER BY {new.id};
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO pending_changes (topic, data)
    SELECT 'changes:' || feed.workspace_id,
      jsonb_build_object('table', TG_TABLE_NAME, 'operation', 'delete', 'id', {old.id}, 'record', {old.record})
    FROM old_rows {old.feed} WHERE {old.visible} ORDER BY {old.id};
  ELSE
    INSERT INTO pending_changes (topic, data)
    SELECT 'changes:' || changed.workspace_id, jsonb_build_object('table', TG_TABLE_NAME,
      'operation', CASE WHEN was AND is_now THEN 'update' WHEN is_now THEN 'insert' ELSE 'delete' END,
      'id', changed.id, 'record', CASE WHEN is_now THEN after ELSE before END)
    FROM (
      SELECT feed.workspace_id, {new.id} AS id, {old.visible} AS was, {new.visible} AS is_now, {old.record} AS before, {new.record} AS after
      FROM new_rows JOIN old_rows USING ({key}) {new.feed}
    ) AS changed WHERE (was OR is_now) AND (was <> is_now OR before <> after) ORDER BY changed.id;
  END IF;
  RETURN NULL;
END
$body$;
BEGIN
  id := CASE WHEN cardinality(in_key) = 1 THEN format('row.%I', in_key[1])
    ELSE (SELECT format('md5(%s)::uuid', string_agg(format('row.%I::text', key), ' || ')) FROM unnest(in_key) AS key) END;
  SELECT 'jsonb_build_object(' || string_agg(format('%L, %s', told,
    CASE WHEN data_type = 'timestamp with time zone'
      THEN format($time$to_char(row.%I AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')$time$, name) ELSE format('row.%I', name) END), ', ' ORDER BY nth) || ')'
  INTO STRICT record
  FROM (
    SELECT name, nth, (SELECT string_agg(CASE WHEN place = 1 THEN word ELSE initcap(word) END, '' ORDER BY place)
      FROM unnest(string_to_array(name, '_')) WITH ORDINALITY AS words(word, place)) AS told,
      (SELECT c.data_type FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.table_name = in_table AND c.column_name = name) AS data_type
    FROM unnest(in_columns) WITH ORDINALITY AS given(name, nth)
  ) AS named;
  FOR which IN 1..2 LOOP
    DECLARE
      side text := (ARRAY['new', 'old'])[which];
    BEGIN
      body := replace(body, '{' || side || '.id}', replace(id, 'row.', side || '_rows.'));
      body := replace(body, '{' || side || '.record}', replace(record, 'row.', side || '_rows.'));
      body := replace(body, '{' || side || '.visible}', replace(in_visible, 'row.', side || '_rows.'));
      body := replace(body, '{' || side || '.feed}', CASE WHEN in_workspace = 'conversation' THEN
        format('JOIN conversations room ON room.id = %s_rows.conversation_id AND room.deleted_at IS NULL JOIN change_feeds feed ON feed.workspace_id = room.workspace_id', side)
        ELSE format('JOIN change_feeds feed ON feed.workspace_id = %s_rows.%I', side, in_workspace) END);
    END;
  END LOOP;
  body := replace(body, '{key}', (SELECT string_agg(format('%I', key), ', ') FROM unnest(in_key) AS key));
  EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS %L', 'changes_of_' || in_table, body);
  EXECUTE format('CREATE OR REPLACE TRIGGER changes_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', in_table, 'changes_of_' || in_table);
  EXECUTE format('CREATE OR REPLACE TRIGGER changes_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', in_table, 'changes_of_' || in_table);
  EXECUTE format('CREATE OR REPLACE TRIGGER changes_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', in_table, 'changes_of_' || in_table);
END
$make$;
--> statement-breakpoint
SELECT follow_changes('workspaces', '{id}', 'id', 'row.deleted_at IS NULL', '{id,name,personal,version,created_at,updated_at}');
--> statement-breakpoint
SELECT follow_changes('workspace_members', '{workspace_id,user_id}', 'workspace_id', 'true', '{workspace_id,user_id,role,created_at}');
--> statement-breakpoint
SELECT follow_changes('conversations', '{id}', 'workspace_id', 'row.deleted_at IS NULL', '{id,workspace_id,title,assistant,created_by,version,created_at,updated_at}');
--> statement-breakpoint
SELECT follow_changes('conversation_members', '{conversation_id,user_id}', 'conversation', 'true', '{conversation_id,user_id,role,created_at}');
--> statement-breakpoint
SELECT follow_changes('messages', '{id}', 'conversation', 'row.deleted_at IS NULL', '{id,conversation_id,seq,role,author_id,reply_to,thread_id,status,version,created_at,edited_at}');
--> statement-breakpoint
SELECT follow_changes('uploads', '{id}', 'workspace_id', $$(row.deleted_at IS NULL AND row.state = 'ready')$$, '{id,workspace_id,created_by,name,size,content_type,kind,scan,version,created_at}');
--> statement-breakpoint
SELECT follow_changes('sources', '{id}', 'workspace_id', 'row.deleted_at IS NULL', '{id,workspace_id,name,revision,nodes,edges,version,created_at,updated_at,analyzed_at}');
--> statement-breakpoint
SELECT follow_changes('jobs', '{id}', 'workspace_id', 'true', '{id,workspace_id,user_id,name,state,progress,phase,attempt,version,created_at,started_at,finished_at}');
