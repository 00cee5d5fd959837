import { join } from 'node:path'
import { describe } from 'vitest'
import { goldenTests } from '#test/support/golden.ts'
import { startResourceClaims } from './index.ts'

describe('the resource claim controller', () => {
  goldenTests(join(import.meta.dirname, 'testdata'), startResourceClaims)
})
