import { configReference, envExample } from '../../src/config/describe.ts'
import { sdkFrames } from './sdk-frames.ts'
import { sdkRecords } from './sdk-records.ts'
import {
  auditReference,
  changeReference,
  errorReference,
  eventReference,
  frameReference,
  jobReference,
  policyReference,
  toolReference,
} from './tables.ts'
import { TOOLS } from './tools.ts'

/** Every generated file with its text, by path from the root of the project. */
export async function generatedFiles(): Promise<Record<string, string>> {
  return {
    '.env.example': envExample(),
    'docs/reference/audit.md': auditReference(),
    'docs/reference/changes.md': changeReference(),
    'docs/reference/config.md': configReference(),
    'docs/reference/errors.md': errorReference(),
    'docs/reference/events.md': eventReference(),
    'docs/reference/frames.md': frameReference(),
    'docs/reference/jobs.md': jobReference(),
    'docs/reference/policy.md': policyReference(),
    'docs/reference/tools.md': toolReference(TOOLS),
    'sdk/wire.ts': await sdkFrames(),
    'sdk/records.ts': await sdkRecords(),
  }
}
