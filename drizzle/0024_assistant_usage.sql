CREATE TABLE "assistant_reservations" (
	"message_id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"month" date NOT NULL,
	"tokens" bigint NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "assistant_usage" (
	"user_id" uuid NOT NULL,
	"month" date NOT NULL,
	"used" bigint DEFAULT 0 NOT NULL,
	"reserved" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "assistant_usage_user_id_month_pk" PRIMARY KEY("user_id","month")
);
--> statement-breakpoint
ALTER TABLE "assistant_reservations" ADD CONSTRAINT "assistant_reservations_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assistant_usage" ADD CONSTRAINT "assistant_usage_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "assistant_reservations_user" ON "assistant_reservations" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "assistant_reservations_age" ON "assistant_reservations" USING btree ("created_at");--> statement-breakpoint
-- Sealed for their own session from now on: what was sealed for any of them does not open any more. Kept for seconds only.
UPDATE "sessions" SET "previous_answer" = NULL WHERE "previous_answer" IS NOT NULL;
