import { httpLoad } from '../lib/http-load-file.ts'

export const read = httpLoad({
  load: 'read',
  title: 'Authenticated read by id',
  about:
    'One conversation by its id, 100 different ones in turn: Parley `GET /api/conversations/:id`. N has no token to check.',
  ratios: [
    { metric: 'perSecond', a: 'Parley', b: 'F', figure: { atLeast: 1 } },
    { metric: 'perSecond', a: 'Parley', b: 'L', figure: { atLeast: 0.72 } },
    { metric: 'cpuMicros', a: 'Parley', b: 'L', figure: { atMost: 1.4 } },
    { metric: 'cpuMicros', a: 'F', b: 'L' },
    { metric: 'cpuMicros', a: 'L', b: 'N' },
  ],
})
