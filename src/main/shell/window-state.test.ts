import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fitBounds, readWindowStates, writeWindowStates } from './window-state.ts'

const laptop = { x: 0, y: 0, width: 1440, height: 860 }
const beside = { x: 1440, y: 0, width: 1920, height: 1080 }

test.each([
  ['at its place', { x: 100, y: 50, width: 1360, height: 800 }, { x: 100, y: 50, width: 1360, height: 800 }],
  [
    'on the second display',
    { x: 1500, y: 10, width: 1800, height: 1000 },
    { x: 1500, y: 10, width: 1800, height: 1000 },
  ],
  ['not larger than its display', { x: 0, y: 0, width: 3000, height: 2000 }, { x: 0, y: 0, width: 1440, height: 860 }],
  ['from a display that is gone', { x: 5000, y: 0, width: 1360, height: 800 }, { width: 1360, height: 800 }],
  ['whose title bar is above the display', { x: 0, y: -300, width: 1360, height: 800 }, { width: 1360, height: 800 }],
])('a window comes back %s', (_case, bounds, expected) => expect(fitBounds(bounds, [laptop, beside])).toEqual(expected))

test('windows are kept in a file, and a damaged one costs only the places', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-windows-'))
  const file = join(folder, 'windows.json')
  expect(await readWindowStates(file)).toEqual([])
  const states = [{ bounds: laptop, maximised: true, address: '/c/local:dev/pods' }]
  await writeWindowStates(file, states)
  expect(await readWindowStates(file)).toEqual(states)
  await writeFile(file, '[{"bounds":')
  expect(await readWindowStates(file)).toEqual([])
  await rm(folder, { recursive: true })
})
