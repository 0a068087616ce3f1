import type { Bench, HttpTarget, SocketTarget } from '../lib/target.ts'
export async function startParleyHttp(_b: Bench, _s: string): Promise<HttpTarget> {
  throw new Error('later')
}
export async function startParleySockets(_b: Bench, _s: string): Promise<SocketTarget> {
  throw new Error('later')
}
