CREATE TABLE "graph_edges" (
	"id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"from_revision" integer NOT NULL,
	"to_revision" integer,
	"kind" text NOT NULL,
	"from_id" uuid NOT NULL,
	"to_id" uuid NOT NULL,
	"resolution" text NOT NULL,
	"type_only" boolean NOT NULL,
	"dynamic" boolean NOT NULL,
	"start_line" integer,
	"end_line" integer,
	"count" smallint NOT NULL,
	"name" text,
	CONSTRAINT "graph_edges_id_from_revision_pk" PRIMARY KEY("id","from_revision")
);
--> statement-breakpoint
CREATE TABLE "graph_nodes" (
	"id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"from_revision" integer NOT NULL,
	"to_revision" integer,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"path" text NOT NULL,
	"start_line" integer,
	"end_line" integer,
	"attributes" jsonb NOT NULL,
	CONSTRAINT "graph_nodes_id_from_revision_pk" PRIMARY KEY("id","from_revision")
);
--> statement-breakpoint
CREATE TABLE "revisions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"source_id" uuid NOT NULL,
	"number" integer,
	"state" text DEFAULT 'queued' NOT NULL,
	"upload_ids" uuid[] NOT NULL,
	"job_id" uuid,
	"created_by" uuid,
	"added" integer DEFAULT 0 NOT NULL,
	"removed" integer DEFAULT 0 NOT NULL,
	"changed" integer DEFAULT 0 NOT NULL,
	"stats" jsonb,
	"error" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sources" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"created_by" uuid,
	"name" text NOT NULL,
	"revision" integer DEFAULT 0 NOT NULL,
	"nodes" integer DEFAULT 0 NOT NULL,
	"edges" integer DEFAULT 0 NOT NULL,
	"analyzed_at" timestamp(3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp(3) with time zone
);
--> statement-breakpoint
ALTER TABLE "graph_edges" ADD CONSTRAINT "graph_edges_source_id_sources_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."sources"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "graph_nodes" ADD CONSTRAINT "graph_nodes_source_id_sources_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."sources"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revisions" ADD CONSTRAINT "revisions_source_id_sources_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."sources"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revisions" ADD CONSTRAINT "revisions_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sources" ADD CONSTRAINT "sources_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sources" ADD CONSTRAINT "sources_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "graph_edges_from" ON "graph_edges" USING btree ("from_id");--> statement-breakpoint
CREATE INDEX "graph_edges_to" ON "graph_edges" USING btree ("to_id");--> statement-breakpoint
CREATE INDEX "graph_edges_source" ON "graph_edges" USING btree ("source_id","kind");--> statement-breakpoint
CREATE INDEX "graph_nodes_key" ON "graph_nodes" USING btree ("source_id","key" collate "C");--> statement-breakpoint
CREATE INDEX "graph_nodes_key_trgm" ON "graph_nodes" USING gin ("key" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "revisions_source" ON "revisions" USING btree ("source_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "revisions_number" ON "revisions" USING btree ("source_id","number");--> statement-breakpoint
CREATE INDEX "sources_workspace" ON "sources" USING btree ("workspace_id","id") WHERE "sources"."deleted_at" is null;