import { expect, test } from 'vitest'
import { clusterSpec, type Engine } from '#shared/contract/clusters.ts'
import { newForm, problemsOf, specOf, type ClusterForm } from './create-cluster.ts'

const engine: Engine = { state: 'ready', cpus: 4, memoryBytes: 8 * 2 ** 30 }
const form = (change: Partial<ClusterForm> = {}): ClusterForm => ({ ...newForm([], engine), ...change })

test('a new form proposes a free name, and simulated workers where no engine answers', () => {
  expect(newForm(['dev', 'dev-2'], engine)).toMatchObject({ name: 'dev-3', workers: '3', simulated: false })
  expect(newForm([], { state: 'unreachable' }).simulated).toBe(true)
})

test.each<[Partial<ClusterForm>, string]>([
  [{ name: '' }, 'Give it a name.'],
  [{ name: 'No Good' }, 'Lower-case letters, digits and dashes, with a letter or digit at both ends.'],
  [{ name: 'used' }, 'There is a cluster used already.'],
  [{ name: 'a'.repeat(41) }, 'At most 40 characters.'],
  [{ workers: '' }, 'A whole number, such as 3.'],
  [{ workers: '1.5' }, 'A whole number, such as 3.'],
  [{ workers: '10' }, 'At most 9: more workers than that are simulated.'],
  [{ workers: '5001', simulated: true }, 'At most 5,000.'],
  [{ cpus: 'abc' }, 'A number, such as 2.'],
  [{ cpus: '0.1' }, 'At least 0.25.'],
  [{ cpus: '99' }, 'This machine has 4 cores.'],
  [{ memory: '9' }, 'This machine has 8 GiB.'],
  [{ memory: '-1' }, 'A number, such as 2.'],
])('%j is told: %s', (change, problem) => {
  expect(Object.values(problemsOf(form(change), ['used'], engine))).toEqual([problem])
})

test.each<Partial<ClusterForm>>([
  {},
  { workers: '0' },
  { cpus: '0,5', memory: '1.5' },
  { simulated: true, workers: '60', cpus: '99', memory: '100' },
  { cpus: '256', simulated: true },
  { dualStack: true },
  { dualStack: true, simulated: true },
])('%j has no problems, and is a cluster that the back takes', (change) => {
  expect(problemsOf(form(change), [], engine)).toEqual({})
  expect(clusterSpec.safeParse(specOf(form(change))).success).toBe(true)
})

test('amounts are read with a comma or a point, and memory is bytes', () => {
  expect(specOf(form({ cpus: '0,5', memory: '1.5' }))).toEqual({
    name: 'dev',
    workers: 3,
    cpus: 0.5,
    memoryBytes: 1.5 * 2 ** 30,
  })
})
