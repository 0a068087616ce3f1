ALTER TABLE "topics" ADD COLUMN "pruned" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "events_age" ON "events" USING brin ("created_at");