CREATE TABLE "passages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"upload_id" uuid,
	"path" text NOT NULL,
	"start_line" integer NOT NULL,
	"end_line" integer NOT NULL,
	"node_id" uuid,
	"kind" text NOT NULL,
	"title" text NOT NULL,
	"text" text NOT NULL,
	"search" "tsvector" GENERATED ALWAYS AS (setweight(to_tsvector('english'::regconfig, title || ' ' || regexp_replace(title || ' ' || path, '([a-z0-9])([A-Z])|[/._-]+', '\1 \2', 'g')), 'A') || to_tsvector('english'::regconfig, text || ' ' || regexp_replace(text, '([a-z0-9])([A-Z])|[/._-]+', '\1 \2', 'g'))) STORED
);
--> statement-breakpoint
ALTER TABLE "passages" ADD CONSTRAINT "passages_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "passages_source" ON "passages" USING btree ("source_id","path");--> statement-breakpoint
CREATE INDEX "passages_workspace" ON "passages" USING btree ("workspace_id");--> statement-breakpoint
CREATE INDEX "passages_search" ON "passages" USING gin ("search");--> statement-breakpoint
CREATE INDEX "passages_text_trgm" ON "passages" USING gin ("text" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "passages_title_trgm" ON "passages" USING gin ("title" gin_trgm_ops);