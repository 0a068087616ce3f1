import type { LinkedFile } from '../context.ts'

/** Systems and processors that files can be named for (`go tool dist list`). */
const SYSTEMS = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos'.split(
    ' ',
  ),
)
const PROCESSORS = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x sparc64 wasm'.split(' '),
)
/** What holds on the usual machine, with the usual compiler. */
const USUAL = new Set(['linux', 'amd64', 'unix', 'gc', 'cgo'])

/** Whether a file is built on Linux for amd64 without tags of its own (`go help buildconstraint`). */
export function isBuilt({ path, facts }: LinkedFile): boolean {
  const parts = path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/(?:_test)?\.go$/, '')
    .split('_')
    .slice(1)
  const [system, processor] = parts.slice(-2)
  const last = parts.at(-1) ?? ''
  const named = [
    ...(parts.length > 1 && SYSTEMS.has(system ?? '') && PROCESSORS.has(processor ?? '') ? [system as string] : []),
    ...(SYSTEMS.has(last) || PROCESSORS.has(last) ? [last] : []),
  ]
  return named.every((tag) => USUAL.has(tag)) && (facts.constraint === undefined || holds(facts.constraint))
}

/** Evaluates a constraint: tags, `!`, `&&`, `||` and parentheses. Versions of Go hold. */
function holds(constraint: string): boolean {
  const tokens = constraint.match(/&&|\|\||[!()]|[^\s!()&|]+/g) ?? []
  let at = 0
  const either = (): boolean => {
    let value = both()
    while (tokens[at] === '||') {
      at++
      value = both() || value
    }
    return value
  }
  const both = (): boolean => {
    let value = one()
    while (tokens[at] === '&&') {
      at++
      value = one() && value
    }
    return value
  }
  const one = (): boolean => {
    const token = tokens[at++]
    if (token === '!') return !one()
    if (token === '(') {
      const value = either()
      at++
      return value
    }
    return token !== undefined && (USUAL.has(token) || /^go1\.\d+$/.test(token))
  }
  return either()
}
