import { configReference, envExample } from '../../src/config/describe.ts'

/** Every generated file with its text, by path from the root of the project. */
export async function generatedFiles(): Promise<Record<string, string>> {
  return {
    '.env.example': envExample(),
    'docs/reference/config.md': configReference(),
  }
}
