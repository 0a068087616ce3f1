import { httpLoad } from '../lib/http-load-file.ts'

export const list = httpLoad({
  load: 'list',
  title: 'Authenticated list of 20',
  about: 'The newest 20 of 50 messages of a conversation: Parley `GET /api/conversations/:id/messages?limit=20`.',
  ratios: [
    { metric: 'perSecond', a: 'Parley', b: 'F', figure: { atLeast: 1 } },
    { metric: 'perSecond', a: 'Parley', b: 'L' },
    { metric: 'cpuMicros', a: 'Parley', b: 'L', figure: { atMost: 1.3 } },
    { metric: 'cpuMicros', a: 'F', b: 'L' },
  ],
})
