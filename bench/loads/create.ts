import { httpLoad } from '../lib/http-load-file.ts'

export const create = httpLoad({
  load: 'create',
  title: 'Authenticated create',
  about:
    'A new conversation, committed to disk: Parley `POST /api/conversations`, which also writes the membership and the event; the baselines insert one row.',
  ratios: [
    { metric: 'perSecond', a: 'Parley', b: 'F', figure: { atLeast: 1 } },
    { metric: 'perSecond', a: 'Parley', b: 'L' },
    { metric: 'cpuMicros', a: 'Parley', b: 'L', figure: { atMost: 1.4 } },
    { metric: 'cpuMicros', a: 'F', b: 'L' },
  ],
})
