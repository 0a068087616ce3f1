import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
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
  gauge('buffered_bytes', 'Bytes that wait for slow readers', () => stats().bufferedBytes)
  counter('bytes_received', 'Bytes of messages of clients', () => stats().bytesReceived)
  gauge('topics', 'Topics with at least one subscriber on this instance', () => stats().topics)
  counter('frames_received', 'Frames of clients', () => stats().frames.frames)
  counter('frames_refused', 'Frames answered with an error', () => stats().frames.refused)
  counter('frames_sent', 'Frames to clients', () => stats().sent.frames)
  counter('writes', 'Messages written to sockets; several frames may share one', () => stats().sent.writes)
  counter('bytes_sent', 'Bytes of messages written to sockets', () => stats().sent.bytes)
  counter('gaps', 'Reads of the log for events that were not announced', () => stats().feeds.gaps)
  counter('reloads', 'Subscriptions that could not be resumed', () => stats().subscriptions.reloaded)
  const labelled = (name: string, help: string, label: string, read: () => Record<string, number>) =>
    new Counter({
      name: `parley_websocket_${name}_total`,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count)
      },
    })
  labelled('closes', 'Connections closed by the server', 'reason', () => stats().closes)
  labelled('resumes', 'Attempts to go on behind a position, by how they ended', 'outcome', () => stats().resumes)
}

/** The histogram of `onFanOut` of a hub: takes milliseconds. */
export function createFanOutMetric(registry: Registry): (ms: number) => void {
  const histogram = new Histogram({
    name: 'parley_websocket_fanout_seconds',
    help: 'Time from handing over the frames of a turn to having written them to their last receiver',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    registers: [registry],
  })
  return (ms) => histogram.observe(ms / 1000)
}
