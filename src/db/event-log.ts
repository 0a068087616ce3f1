import type { EventName, StoredEvent } from '../contracts/events.ts'
import type { Client } from './client.ts'

interface Head {
  topic: string
  epoch: string
  seq: number
  pruned: number
}

/**
 * The memory of topics, for those who deliver events: where topics stand, and what happened behind a position. Reads by (topic, seq)
 * only: numbers are gapless within a topic, while ids over all topics would become visible out of order.
 */
export function createEventLog({ sql }: Pick<Client, 'sql'>) {
  const select = (topics: string[]) => sql<Head[]>`
    select topic, epoch, seq, pruned from topics where topic = any(${sql.array(topics)}::text[])`

  return {
    /**
     * Where topics stand now, and up to which number their events are pruned. A topic that nothing was written to yet gets its epoch
     * here, with seq 0.
     */
    async heads(topics: readonly string[]): Promise<Map<string, Omit<Head, 'topic'>>> {
      const wanted = [...new Set(topics)].sort()
      let rows = await select(wanted)
      if (rows.length < wanted.length) {
        await sql`
          insert into topics (topic, epoch, seq)
          select given, substr(md5(random()::text || clock_timestamp()::text), 1, 12), 0
          from unnest(${sql.array(wanted)}::text[]) as given order by given collate "C"
          on conflict do nothing`
        rows = await select(wanted)
      }
      return new Map(rows.map(({ topic, ...head }) => [topic, head]))
    },

    /** Events with `after < seq <= upTo`, in order, at most `limit`. */
    async read(topic: string, after: number, upTo: number, limit: number): Promise<StoredEvent[]> {
      const rows = await sql<{ seq: number; epoch: string; name: EventName; data: object }[]>`
        select events.seq, topics.epoch, events.name, events.data
        from events join topics on topics.topic = events.topic
        where events.topic = ${topic} and events.seq > ${after} and events.seq <= ${upTo}
        order by events.seq limit ${limit}`
      return rows.map((row) => ({ topic, ...row }))
    },
  }
}

/** See {@link createEventLog}. */
export type EventLog = ReturnType<typeof createEventLog>
