CREATE TABLE "message_reactions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"message_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"emoji" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "message_threads" (
	"root_id" uuid PRIMARY KEY NOT NULL,
	"replies" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "read_markers" (
	"conversation_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "read_markers_conversation_id_user_id_pk" PRIMARY KEY("conversation_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "thread_id" uuid;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "mentions" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "reactions" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "message_reactions" ADD CONSTRAINT "message_reactions_message_id_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_reactions" ADD CONSTRAINT "message_reactions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_threads" ADD CONSTRAINT "message_threads_root_id_messages_id_fk" FOREIGN KEY ("root_id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "read_markers" ADD CONSTRAINT "read_markers_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "read_markers" ADD CONSTRAINT "read_markers_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "message_reactions_once" ON "message_reactions" USING btree ("message_id","user_id","emoji");--> statement-breakpoint
CREATE INDEX "message_reactions_message" ON "message_reactions" USING btree ("message_id","id");--> statement-breakpoint
CREATE INDEX "message_reactions_user" ON "message_reactions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "read_markers_user" ON "read_markers" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "messages_thread" ON "messages" USING btree ("thread_id","seq") WHERE "messages"."thread_id" is not null;--> statement-breakpoint
CREATE INDEX "events_message_changes" ON "events" USING btree ("topic",("data" ->> 'id')) WHERE "events"."name" in ('message.updated', 'reply.completed', 'reply.stopped', 'reply.failed');--> statement-breakpoint
INSERT INTO "read_markers" ("conversation_id", "user_id", "seq")
SELECT "conversation_id", "user_id", "read_seq" FROM "conversation_members" WHERE "read_seq" > 0;--> statement-breakpoint
WITH RECURSIVE threads AS (
  SELECT id, id AS root FROM messages WHERE reply_to IS NULL
  UNION ALL
  SELECT reply.id, threads.root FROM messages reply JOIN threads ON reply.reply_to = threads.id
)
UPDATE messages SET thread_id = threads.root FROM threads WHERE messages.id = threads.id AND messages.reply_to IS NOT NULL;--> statement-breakpoint
INSERT INTO "message_threads" ("root_id", "replies")
SELECT thread_id, count(*) FROM messages WHERE thread_id IS NOT NULL AND deleted_at IS NULL GROUP BY thread_id;--> statement-breakpoint
-- Counts the living messages of a thread, whoever writes them. At the end of the transaction, when the counter of the topic is held: a row of
-- message_threads is never locked before it, so that nobody waits for each other.
CREATE FUNCTION count_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO message_threads AS thread (root_id, replies) VALUES (NEW.thread_id, 1)
    ON CONFLICT (root_id) DO UPDATE SET replies = thread.replies + 1;
  ELSIF OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL THEN
    UPDATE message_threads SET replies = replies - 1 WHERE root_id = NEW.thread_id;
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER messages_count_thread AFTER INSERT OR UPDATE OF deleted_at ON messages
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.thread_id IS NOT NULL) EXECUTE FUNCTION count_thread();--> statement-breakpoint
ALTER TABLE "conversation_members" DROP COLUMN "read_seq";