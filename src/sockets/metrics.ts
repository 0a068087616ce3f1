import { Counter, Gauge, type Registry } from 'prom-client'
import type { Hub } from './hub.ts'

/** Adds the hub's figures to a Prometheus registry. They are read when scraped; the hot path only counts. */
export function registerHubMetrics(registry: Registry, stats: Hub['stats']): void {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `parley_websocket_${name}`,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name: `parley_websocket_${name}_total`,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  gauge('connections', 'Open WebSocket connections', () => stats().connections)
  gauge('subscriptions', 'Topics followed by connections', () => stats().subscriptions.active)
  gauge('topics', 'Topics with at least one subscriber on this instance', () => stats().topics)
  counter('frames_received', 'Frames of clients', () => stats().frames.frames)
  counter('frames_refused', 'Frames answered with an error', () => stats().frames.refused)
  counter('frames_sent', 'Frames to clients', () => stats().sent.frames)
  counter('writes', 'Messages written to sockets; several frames may share one', () => stats().sent.writes)
  counter('bytes_sent', 'Bytes of messages written to sockets', () => stats().sent.bytes)
  counter('gaps', 'Reads of the log for events that were not announced', () => stats().feeds.gaps)
  counter('resumes', 'Subscriptions resumed without loss', () => stats().subscriptions.resumed)
  counter('reloads', 'Subscriptions that could not be resumed', () => stats().subscriptions.reloaded)
  new Counter({
    name: 'parley_websocket_closes_total',
    help: 'Connections closed by the server',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset()
      for (const [reason, count] of Object.entries(stats().closes)) this.inc({ reason }, count)
    },
  })
}
