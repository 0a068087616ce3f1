import type { Spec } from '../spec.ts'
import { bash } from './bash.ts'
import { c } from './c.ts'
import { csharp } from './csharp.ts'
import { css } from './css.ts'
import { go } from './go.ts'
import { java } from './java.ts'
import { php } from './php.ts'
import { ruby } from './ruby.ts'
import { rust } from './rust.ts'

/** Languages of the shared extractor, by the names of `languageOf`. */
export const SPECS: Readonly<Record<string, Spec>> = { go, java, rust, c, cpp: c, csharp, php, ruby, shell: bash, css }
