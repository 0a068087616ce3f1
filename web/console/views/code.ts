import type { Job, Parley, Source, Upload } from '../../../sdk/index.ts'
import { ParleyError } from '../../../sdk/index.ts'
import { announce, fill, h, icon } from '../lib/dom.ts'
import { explain } from '../lib/explain.ts'
import { bytes, counted } from '../lib/format.ts'
import { pictureView } from './picture.ts'
import { progressBar } from './progress.ts'

const ACCEPT = '.zip,.tar,.gz,.tgz,.ts,.tsx,.js,.mjs,.cjs,.jsx,.py,.md,.txt,.json'

/** Numbers of a graph, as far as a job's result or a source tells them. */
function countsOf(value: unknown): { nodes: number; edges: number } | undefined {
  const record = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const { nodes, edges } = record
  return typeof nodes === 'number' && typeof edges === 'number' ? { nodes, edges } : undefined
}

/** Uploading code and documents, watching their analysis, and the picture of what came out. */
export function codeView(parley: Parley): HTMLElement {
  const uploading = progressBar('Uploading')
  const analysing = progressBar('Analysing')
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const summary = h('div', { class: 'summary' })
  const picture = pictureView(parley)
  const input = h('input', { type: 'file', id: 'archive', class: 'visually-hidden', accept: ACCEPT })
  const drop = h(
    'label',
    { class: 'drop', for: 'archive' },
    icon('upload'),
    h('strong', {}, 'Upload code or documents'),
    h('span', { class: 'hint' }, 'A .zip or .tar.gz archive, or a single file. Drop it here, or choose one.'),
  )

  function complain(text: string): void {
    problem.textContent = text
    problem.hidden = text === ''
  }

  async function showSource(source: Source, job?: Job): Promise<void> {
    const counts = countsOf(job?.result) ?? countsOf(source)
    const words = counts ? `${counted(counts.nodes, 'node')}, ${counted(counts.edges, 'edge')}` : 'The graph'
    fill(summary, h('h3', {}, source.name), h('p', { class: 'counts', id: 'graph-counts' }, words))
    await picture.show(source.id, `Graph of ${source.name}: ${words}`)
  }

  async function analyse(upload: Upload): Promise<void> {
    const name = upload.name.replace(/\.(zip|tar|tgz|tar\.gz)$/i, '')
    const { job, source } = await parley.graph.analyze({ uploadIds: [upload.id], name })
    analysing.set(undefined, 'waiting for its turn')
    const finished = await parley.jobs.finished(job.id, ({ progress, phase, state }) => {
      if (state === 'active') analysing.set(progress, `${phase ?? 'working'}, ${Math.round(progress * 100)} %`)
    })
    analysing.set(1, 'done')
    await showSource(source, finished)
    announce('The analysis is done. You can ask about it now.')
  }

  async function take(file: File): Promise<void> {
    complain('')
    input.disabled = true
    analysing.hide()
    uploading.set(0, file.name)
    try {
      const upload = await parley.uploads.create(
        { name: file.name, data: file },
        {
          onProgress: ({ sent, total }) => uploading.set(total ? sent / total : 1, `${bytes(sent)} of ${bytes(total)}`),
        },
      )
      uploading.set(1, `${file.name}, ${bytes(file.size)}`)
      await analyse(upload)
    } catch (error) {
      const isJob = error instanceof ParleyError && error.code === 'JOB_FAILED'
      complain(isJob ? `The analysis failed: ${error.message}. Check the archive and upload it again.` : explain(error))
    } finally {
      input.disabled = false
      input.value = ''
    }
  }

  input.addEventListener('change', () => {
    const file = input.files?.[0]
    if (file) void take(file)
  })
  for (const type of ['dragover', 'dragleave', 'drop'] as const) {
    drop.addEventListener(type, (event) => {
      event.preventDefault()
      drop.classList.toggle('over', type === 'dragover')
      const file = type === 'drop' ? event.dataTransfer?.files[0] : undefined
      if (file && !input.disabled) void take(file)
    })
  }

  parley.graph.sources({ limit: 1 }).then(
    ({ items }) => {
      const source = items[0]
      if (source?.revision) return showSource(source)
      return undefined
    },
    (error) => complain(explain(error)),
  )

  return h(
    'section',
    { class: 'panel code', 'aria-labelledby': 'code-title' },
    h('header', { class: 'panel-head' }, h('h2', { id: 'code-title' }, 'Code and documents')),
    input,
    drop,
    uploading.element,
    analysing.element,
    problem,
    summary,
    picture.element,
  )
}
