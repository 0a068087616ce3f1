ALTER TABLE "graph_edges" DROP CONSTRAINT "graph_edges_source_id_sources_id_fk";
--> statement-breakpoint
ALTER TABLE "graph_nodes" DROP CONSTRAINT "graph_nodes_source_id_sources_id_fk";
--> statement-breakpoint
ALTER TABLE "passages" DROP CONSTRAINT "passages_workspace_id_workspaces_id_fk";
--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "pace" jsonb;--> statement-breakpoint
-- What the foreign keys did at the end of a source, without a look at the source for each row that is written.
CREATE FUNCTION drop_analysis() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM graph_edges WHERE source_id IN (SELECT id FROM gone);
  DELETE FROM graph_nodes WHERE source_id IN (SELECT id FROM gone);
  DELETE FROM passages WHERE source_id IN (SELECT id FROM gone);
  DELETE FROM source_files WHERE source_id IN (SELECT id FROM gone);
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER sources_drop_analysis AFTER DELETE ON sources
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION drop_analysis();
