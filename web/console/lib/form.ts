import { ParleyError } from '../../../sdk/index.ts'
import { type Child, h } from './dom.ts'
import { type Advice, explain, fieldName } from './explain.ts'

/** One labelled input. Attributes go to the input; `hint` is read with it. */
export type FieldSpec = { name: string; label: string; hint?: string } & Record<
  string,
  string | number | boolean | undefined
>

/** A form and how it behaves. */
export type FormSpec = {
  /** Prefix of the ids of its inputs: one page may have many forms. */
  id: string
  fields: (HTMLElement | FieldSpec)[]
  submit: string
  /** Does what the form is for; what it throws is told in the form. */
  send: (value: (name: string) => string, data: FormData) => Promise<unknown>
  /** Other words for errors than the usual ones. */
  advice?: Advice
  class?: string
  /** The id of the heading that names it. */
  labelledBy?: string
  before?: Child[]
  after?: Child[]
}

const input = (id: string, { name, label, hint, ...attributes }: FieldSpec): HTMLElement => {
  const describedBy = hint ? { 'aria-describedby': `${id}-${name}-hint` } : {}
  return h(
    'div',
    { class: 'field' },
    h('label', { for: `${id}-${name}` }, label),
    h('input', { id: `${id}-${name}`, name, required: true, ...describedBy, ...attributes }),
    hint ? h('p', { class: 'hint', id: `${id}-${name}-hint` }, hint) : null,
  )
}

/** The fields that more than one form has. */
export const FIELDS = {
  email: { name: 'email', label: 'Email', type: 'email', autocomplete: 'username', maxlength: 254 },
  currentPassword: {
    name: 'currentPassword',
    label: 'Current password',
    type: 'password',
    autocomplete: 'current-password',
    maxlength: 1024,
  },
  newPassword: {
    name: 'password',
    label: 'New password',
    type: 'password',
    autocomplete: 'new-password',
    minlength: 8,
    maxlength: 1024,
    hint: 'At least 8 characters; a sentence is best.',
  },
} satisfies Record<string, FieldSpec>

/** A form that sends itself once at a time, tells what went wrong above its button, and puts the focus on the faulty field. */
export function formView(spec: FormSpec) {
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const submit = h('button', { class: 'primary', type: 'submit' }, spec.submit)
  const element = h(
    'form',
    { class: spec.class ?? 'form', 'aria-labelledby': spec.labelledBy, onSubmit: send },
    ...(spec.before ?? []),
    h(
      'div',
      { class: 'fields' },
      ...spec.fields.map((one) => (one instanceof HTMLElement ? one : input(spec.id, one))),
    ),
    problem,
    submit,
    ...(spec.after ?? []),
  )

  function complain(text: string, at?: string): void {
    problem.textContent = text
    problem.hidden = text === ''
    for (const one of element.querySelectorAll('input')) one.removeAttribute('aria-invalid')
    const faulty = at ? element.querySelector<HTMLInputElement>(`[name="${CSS.escape(at)}"]`) : null
    faulty?.setAttribute('aria-invalid', 'true')
    faulty?.focus()
  }

  async function send(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    if (submit.disabled) return
    const data = new FormData(element)
    submit.disabled = true
    complain('')
    try {
      await spec.send((name) => String(data.get(name) ?? ''), data)
    } catch (error) {
      const first = error instanceof ParleyError ? error.errors[0]?.path : undefined
      complain(explain(error, spec.advice), first && fieldName(first))
    } finally {
      submit.disabled = false
    }
  }

  return {
    element,
    complain,
    focus: () => element.querySelector<HTMLElement>('input:not([value])')?.focus(),
    value: (name: string) => element.querySelector<HTMLInputElement>(`[name="${CSS.escape(name)}"]`)?.value ?? '',
  }
}
