import { problem } from '../../contracts/errors.ts'
import type { Guest } from '../../contracts/guests.ts'
import type { Job } from '../../contracts/jobs.ts'
import type { Actor } from '../../contracts/policy.ts'
import { isId } from '../../lib/ids.ts'
import type { GraphUpdate } from '../model.ts'
import { createQueue } from './queue.ts'
import { createRecords } from './records.ts'
import type { GraphqlDeps } from './root.ts'

/** Events that wait for one subscription to be answered. */
const MOST_WAITING = 256

const ENDED: ReadonlySet<Job['state']> = new Set(['completed', 'failed', 'cancelled'])

/** What one event gives: the root value that its answer is made from. */
type Answer = Record<string, () => unknown>
/** What is told of a frame. */
interface Shown {
  value: () => unknown
  /** Nothing comes after it. */
  last?: boolean
}

/** Where a subscription is, besides what its request says. */
export interface Subscriber {
  guest: Guest
  job: (actor: Actor, id: string) => Promise<Job>
}

function idOf(id: string): string {
  if (!isId(id)) throw problem('VALIDATION_FAILED', { detail: 'An id must be a UUID' })
  return id
}

/** Why a topic ended: what may be mended by asking again, and what may not. */
function lost(reason: string): Error {
  if (reason === 'no_longer_allowed') return problem('NOT_FOUND', { detail: 'You may no longer follow this' })
  return problem('CONFLICT', { detail: 'The history of this was replaced or interrupted: subscribe again' })
}

/** The root of one subscription: an object whose methods are the fields of Subscription, each a stream of answers. */
export function createSubscriptionRoot(deps: GraphqlDeps, { guest, job }: Subscriber) {
  const actorNow = () => {
    if (guest.actor === undefined) throw problem('UNAUTHENTICATED')
    return guest.actor
  }

  /** Follows a topic. `show` makes the answer of a frame, undefined where it has none. */
  async function follow(field: string, topic: string, show: (frame: Record<string, unknown>) => Shown | undefined) {
    let leave = () => {}
    const queue = createQueue<Answer>(MOST_WAITING, guest.overloaded, () => leave())
    leave = await guest.follow(topic, {
      frame(frame) {
        const shown = show(frame)
        if (shown) queue.push({ [field]: shown.value })
        if (shown?.last) queue.end()
      },
      end(reason) {
        queue.push({ [field]: () => Promise.reject(lost(reason)) })
        queue.end()
      },
    })
    return queue
  }

  function update({ sourceId, revision, counts, complete, added, removed, changed }: GraphUpdate): object {
    const actor = actorNow()
    const records = createRecords({ ...deps, actor }, { sourceId, revision })
    const shown = ({ nodes, edges }: GraphUpdate['added']) => ({
      nodes: nodes.map(records.node),
      edges: edges.map(records.edge),
    })
    return { sourceId, revision, counts, complete, added: shown(added), removed, changed: shown(changed) }
  }

  return {
    graphUpdated: ({ sourceId }: { sourceId: string }) =>
      follow('graphUpdated', `source:${idOf(sourceId)}`, (frame) =>
        frame.type === 'graph_update' ? { value: () => update(frame as unknown as GraphUpdate) } : undefined,
      ),

    /** First how the job is now, so that none can end unheard. Over when it has ended. */
    async jobUpdated({ id }: { id: string }) {
      let known: Job | undefined
      const queue = await follow('jobUpdated', `job:${idOf(id)}`, (frame) => {
        if (frame.type !== 'job' || known === undefined) return undefined
        const { type: _type, topic: _topic, epoch: _epoch, seq: _seq, ...news } = frame
        known = { ...known, ...news }
        const now = known
        return { value: () => now, last: ENDED.has(now.state) }
      })
      try {
        const first = await job(actorNow(), id)
        known = first
        queue.push({ jobUpdated: () => first })
        if (ENDED.has(first.state)) queue.end()
      } catch (error) {
        await queue.return()
        throw error
      }
      return queue
    },
  }
}
