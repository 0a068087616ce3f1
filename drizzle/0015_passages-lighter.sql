CREATE TABLE "source_files" (
	"source_id" uuid NOT NULL,
	"path" text NOT NULL,
	"upload_id" uuid,
	CONSTRAINT "source_files_source_id_path_pk" PRIMARY KEY("source_id","path")
);
--> statement-breakpoint
INSERT INTO "source_files" ("source_id", "path", "upload_id") SELECT DISTINCT ON ("source_id", "path") "source_id", "path", "upload_id" FROM "passages" ORDER BY 1, 2, 3;--> statement-breakpoint
DROP INDEX "passages_text_trgm";--> statement-breakpoint
CREATE INDEX "source_files_upload" ON "source_files" USING btree ("upload_id");--> statement-breakpoint
ALTER TABLE "passages" DROP COLUMN "upload_id";