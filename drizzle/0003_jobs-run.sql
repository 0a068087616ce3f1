ALTER TABLE "jobs" ADD COLUMN "run" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE INDEX "jobs_workspace" ON "jobs" USING btree ("workspace_id","id");--> statement-breakpoint
CREATE INDEX "jobs_unfinished" ON "jobs" USING btree ("created_at") WHERE "jobs"."state" in ('queued', 'active');