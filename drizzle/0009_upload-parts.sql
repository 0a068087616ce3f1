CREATE TABLE "upload_parts" (
	"storage_key" text PRIMARY KEY NOT NULL,
	"upload_id" uuid NOT NULL,
	"start" bigint NOT NULL,
	"size" bigint
);
--> statement-breakpoint
DROP INDEX "uploads_unfinished";--> statement-breakpoint
ALTER TABLE "upload_parts" ADD CONSTRAINT "upload_parts_upload_id_uploads_id_fk" FOREIGN KEY ("upload_id") REFERENCES "public"."uploads"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "upload_parts_upload" ON "upload_parts" USING btree ("upload_id","start");--> statement-breakpoint
CREATE INDEX "uploads_unfinished" ON "uploads" USING btree ("updated_at") WHERE "uploads"."state" <> 'ready';