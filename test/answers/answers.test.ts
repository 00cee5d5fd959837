import { execFile } from 'node:child_process'
import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { slipwayUp } from '../support/slipway.ts'

/**
 * Shares of 15,724 recorded questions that are answered as Kubernetes v1.36's own API server answers them: the status code, code and
 * causes, everything. Only ever raise them; they are what was measured, less what a loaded machine may cost.
 */
const floor = { codeShare: 0.995, causesShare: 0.989, wholeShare: 0.947 }

/** Beside the repository, where it is developed: scripts/test.mjs runs this only where it is there. */
const program = join(import.meta.dirname, '../../../shared/bench-tools/answers.mjs')

test('the API answers as Kubernetes answered the recorded questions', async () => {
  const cluster = await slipwayUp({ name: `answers-${process.pid}`, args: ['--workers', '0'] })
  try {
    const token = await readFile(join(cluster.data, 'clusters', cluster.ready.name, 'pki/admin.token'), 'utf8')
    const { stdout } = await promisify(execFile)(process.execPath, [
      // The program runs only where it is called by its own path.
      await realpath(program),
      cluster.ready.server,
      token.trim(),
    ])
    const lines = stdout.trim().split('\n')
    console.log(lines.filter((line) => /^\S+ +\d+ +code/.test(line)).join('\n'))
    const measured = JSON.parse(lines.at(-1) ?? '{}') as typeof floor
    expect(measured.codeShare).toBeGreaterThanOrEqual(floor.codeShare)
    expect(measured.causesShare).toBeGreaterThanOrEqual(floor.causesShare)
    expect(measured.wholeShare).toBeGreaterThanOrEqual(floor.wholeShare)
  } finally {
    await cluster.end()
  }
})
