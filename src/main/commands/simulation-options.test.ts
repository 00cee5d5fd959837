import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { simulationFrom } from './simulation-options.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-options-'))
})
afterAll(() => rm(dir, { recursive: true }))
const file = async (text: string): Promise<string> => {
  const path = join(dir, 'simulation.yaml')
  await writeFile(path, text)
  return path
}

test('nothing given is nothing simulated in particular', async () => {
  expect(await simulationFrom({ simulated: '3' })).toBeUndefined()
})

test('options come before the file', async () => {
  const simulation = await file(
    'zones: 5\npods: {start-delay: 2s, exit-code.side: "3"}\nnodes:\n- {count: 2, cpus: 64, memory: 256Gi, labels: {gpu: "yes"}}\n',
  )
  const values = { simulated: '9', simulation, zones: '2', simulate: ['start-delay=1s', 'cpu-usage=10%..90%/1h'] }
  expect(await simulationFrom(values)).toEqual({
    zones: 2,
    nodes: [{ count: 2, cpus: 64, memory: '256Gi', labels: { gpu: 'yes' } }],
    pods: { 'start-delay': '1s', 'exit-code.side': '3', 'cpu-usage': '10%..90%/1h' },
  })
})

test.each([
  [{ simulate: ['start-delay=1s'] }, /belong to simulated workers/],
  [{ simulated: '1', simulate: ['start-delay'] }, /SETTING=VALUE/],
  [{ simulated: '1', simulate: ['start-delay=soon'] }, /pods.start-delay.*no duration/],
  [{ simulated: '1', simulate: ['speed=1'] }, /pods.speed: is no setting/],
  [{ simulated: '1', zones: '-1' }, /--zones takes/],
  [{ simulated: '1', simulation: '/nowhere' }, /--simulation: ENOENT/],
])('%j is refused', async (values, message) => {
  await expect(simulationFrom(values)).rejects.toThrow(message)
})

test.each([
  ['nodes: [{count: 0}]', /nodes.0.count/],
  ['nodes: [{count: 1, memory: lots}]', /nodes.0.memory: must be a quantity/],
  ['colour: red', /colour/],
  ['- x', /--simulation/],
])('a file with %j is refused', async (text, message) => {
  await expect(simulationFrom({ simulated: '1', simulation: await file(text) })).rejects.toThrow(message)
})
