import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { killAgainAndAgain } from '../../src/main/cluster/store/kills.case.ts'

/** A store whose process is killed under load loses no acknowledged write, also when its log has grown over ten kills. */
test('a store survives fifty kills', { timeout: 300_000 }, async () => {
  const root = await mkdtemp(join(tmpdir(), 'slipway-store-'))
  let acknowledged = 0
  for (let folder = 0; folder < 5; folder++) acknowledged += await killAgainAndAgain(join(root, `${folder}`), 10)
  expect(acknowledged).toBeGreaterThan(1_000)
  await rm(root, { recursive: true })
})
