import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { slipwayUp } from '../support/slipway.ts'

test('up says that its cluster is deleted, and ends with exit code 0', async () => {
  const name = `gone-${process.pid}`
  const slipway = await slipwayUp({ name, args: ['--simulated', '1'], rm: false })
  try {
    let said = ''
    slipway.process.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = once(slipway.process, 'close')
    expect(await slipway.run('delete', name)).toEqual({ code: 0, stdout: `cluster "${name}" deleted\n`, stderr: '' })
    expect(await ended).toEqual([0, null])
    expect(said.split('\n')).toContain(`slipway: cluster "${name}" is deleted; the app ends`)
    expect(await readdir(join(slipway.data, 'clusters'))).toEqual([])
  } finally {
    await slipway.end()
    await rm(slipway.data, { recursive: true, force: true })
  }
})
