import t from 'tap'
import { person, testApp } from '../helpers/app.ts'

t.test(
  'a write that PostgreSQL undid for another is done again; after five times it is the caller who may',
  async (t) => {
    const app = await testApp(t)
    const ada = await person(app)
    const { sql } = app.db
    // Counted by a sequence, which a rollback does not turn back.
    await sql.unsafe(`
    create sequence tries;
    create function meet_another() returns trigger language plpgsql as $$
    begin
      if nextval('tries') <= tg_argv[0]::int then raise exception 'another' using errcode = tg_argv[1]; end if;
      return new;
    end $$`)
    const meet = (table: string, times: number, code: string) =>
      sql.unsafe(`
      alter sequence tries restart;
      create or replace trigger meet before insert on ${table} for each row execute function meet_another(${times}, '${code}')`)
    const part = (table: string) => sql.unsafe(`drop trigger meet on ${table}`)
    const title = { title: 'Room', assistant: 'off' }
    const url = (await ada.post('/api/conversations', title)).headers.location as string

    const rows: [name: string, table: string, write: () => ReturnType<typeof ada.post>][] = [
      ['a message, stored in one statement', 'messages', () => ada.post(`${url}/messages`, { content: 'hello' })],
      [
        'a message with a key, stored in a transaction',
        'messages',
        () => ada.post(`${url}/messages`, { content: 'hello' }, { 'idempotency-key': crypto.randomUUID() }),
      ],
      ['a conversation, made in one statement', 'conversations', () => ada.post('/api/conversations', title)],
      ['a workspace, made in a transaction', 'workspaces', () => ada.post('/api/workspaces', { name: 'Team' })],
    ]
    for (const [name, table, write] of rows) {
      for (const code of ['40P01', '40001']) {
        await meet(table, 2, code)
        t.equal((await write()).statusCode, 201, `${name}: ${code} twice`)
        await meet(table, 1000, code)
        const refused = await write()
        t.equal(refused.statusCode, 503, `${name}: ${code} again and again`)
        t.match(refused.json(), { code: 'OVERLOADED' })
        t.equal(refused.headers['retry-after'], '1')
        await part(table)
      }
    }
  },
)
