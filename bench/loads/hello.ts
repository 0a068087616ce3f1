import { httpLoad } from '../lib/http-load-file.ts'

export const hello = httpLoad({
  load: 'hello',
  title: 'Hello',
  about: 'A constant JSON answer without a token: Parley `GET /health/live`, the baselines `GET /hello`.',
  ratios: [
    { metric: 'perSecond', a: 'Parley', b: 'N' },
    { metric: 'perSecond', a: 'Parley', b: 'F' },
    { metric: 'cpuMicros', a: 'Parley', b: 'L' },
    { metric: 'cpuMicros', a: 'F', b: 'L' },
  ],
})
