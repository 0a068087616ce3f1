import { type Parley, ParleyError } from '../../../sdk/index.ts'
import { announce, fill, h, type IconName, icon } from '../lib/dom.ts'
import { explain, fieldName } from '../lib/explain.ts'

type Mode = 'register' | 'login'

const STEPS: [IconName, string, string][] = [
  ['upload', 'Upload your code or documents', 'A .zip or .tar.gz of a repository is enough.'],
  ['graph', 'Watch it become a graph', 'Files, symbols and sections, and what imports, calls and links what.'],
  ['chat', 'Ask about it', 'Every answer quotes the file and the lines it rests on.'],
]

function field(
  name: string,
  label: string,
  attributes: Record<string, string | number | boolean>,
  hint?: string,
): HTMLElement {
  const describedBy = hint ? { 'aria-describedby': `${name}-hint` } : {}
  return h(
    'div',
    { class: 'field' },
    h('label', { for: name }, label),
    h('input', { id: name, name, required: true, ...describedBy, ...attributes }),
    hint ? h('p', { class: 'hint', id: `${name}-hint` }, hint) : null,
  )
}

/** The signed-out page: what this is, and a form to create an account or sign in. Calls `done` once signed in. */
export function signInView(parley: Parley, done: () => void, notice?: string): HTMLElement {
  const heading = h('h2', { id: 'form-title' })
  const fields = h('div', { class: 'fields' })
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const submit = h('button', { class: 'primary', type: 'submit' })
  const other = h('button', {
    class: 'link',
    type: 'button',
    onClick: () => show(mode === 'register' ? 'login' : 'register'),
  })
  const form = h(
    'form',
    { class: 'card sign-in', 'aria-labelledby': 'form-title', onSubmit: send },
    heading,
    fields,
    problem,
    submit,
    other,
  )
  let mode: Mode = 'register'

  function show(next: Mode): void {
    mode = next
    const isNew = mode === 'register'
    const email = form.querySelector<HTMLInputElement>('#email')?.value ?? ''
    heading.textContent = isNew ? 'Create your account' : 'Sign in'
    submit.textContent = isNew ? 'Create account' : 'Sign in'
    other.textContent = isNew ? 'I have an account already' : 'I am new here'
    fill(
      fields,
      isNew && field('name', 'Your name', { autocomplete: 'name', maxlength: 100 }),
      field('email', 'Email', { type: 'email', autocomplete: 'email', maxlength: 254, value: email }),
      field(
        'password',
        'Password',
        { type: 'password', autocomplete: isNew ? 'new-password' : 'current-password', minlength: isNew ? 8 : 1 },
        isNew ? 'At least 8 characters; a sentence is best.' : undefined,
      ),
    )
    complain('')
  }

  function complain(text: string, at?: string): void {
    problem.textContent = text
    problem.hidden = text === ''
    for (const input of form.querySelectorAll('input')) input.removeAttribute('aria-invalid')
    const faulty = at ? form.querySelector<HTMLInputElement>(`#${CSS.escape(at)}`) : null
    faulty?.setAttribute('aria-invalid', 'true')
    faulty?.focus()
  }

  async function send(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const data = new FormData(form)
    const value = (name: string) => String(data.get(name) ?? '')
    const credentials = { email: value('email').trim(), password: value('password') }
    submit.disabled = true
    try {
      if (mode === 'register') await parley.auth.register({ ...credentials, name: value('name').trim() })
      else await parley.auth.login(credentials)
      announce('You are signed in.')
      done()
    } catch (error) {
      const first = error instanceof ParleyError ? error.errors[0]?.path : undefined
      complain(explain(error), first && fieldName(first))
    } finally {
      submit.disabled = false
    }
  }

  show(parley.session.current() || notice ? 'login' : 'register')
  if (notice) complain(notice)
  return h(
    'main',
    { id: 'content', class: 'welcome', tabindex: -1 },
    h(
      'section',
      { class: 'pitch' },
      h('h1', {}, 'Talk with your code, and about it.'),
      h(
        'p',
        { class: 'lead' },
        'Parley is your own server for conversations with people and an assistant, over your code and documents.',
      ),
      h(
        'ol',
        { class: 'steps' },
        ...STEPS.map(([name, title, text]) =>
          h('li', {}, icon(name), h('div', {}, h('strong', {}, title), h('p', {}, text))),
        ),
      ),
    ),
    form,
  )
}
