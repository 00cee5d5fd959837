import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startControlPlane, type ControlPlane } from '#main/cluster/control-plane.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { nodes, pods } from '#shared/kube/resources.ts'
import { createLocalNode } from '../support/local-node.ts'
import { threadEntries } from '../support/thread-entries.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-scheduler-'))
})
afterEach(() => rm(dir, { recursive: true }))

const start = async (configuration: string): Promise<ControlPlane> => {
  await writeFile(join(dir, 'scheduler.yaml'), configuration)
  return startControlPlane({
    name: 'test',
    dir,
    threads: threadEntries,
    connector: () => createLocalNode(),
    clock: systemClock,
    log: silentLog,
  })
}

it('a scheduler.yaml in the folder of a cluster gives it further schedulers', async () => {
  const plane = await start(`
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: second
`)
  try {
    const allocatable = { cpu: '4', memory: '8Gi', pods: '110' }
    await plane.client.create(nodes, { metadata: { name: 'n1' }, status: { allocatable, capacity: allocatable } })
    const create = (schedulerName: string) =>
      plane.client.create(pods, {
        metadata: { name: schedulerName, namespace: 'default' },
        spec: {
          schedulerName,
          automountServiceAccountToken: false,
          tolerations: [{ operator: 'Exists' }],
          containers: [{ name: 'c', image: 'x' }],
        },
      })
    const nodeOf = async (name: string): Promise<string | undefined> =>
      (await plane.client.get(pods, { namespace: 'default', name })).spec?.nodeName
    await vi.waitFor(() => create('second'), { timeout: 10_000 })
    await create('third')
    await create('default-scheduler')
    for (const name of ['second', 'default-scheduler'])
      await vi.waitFor(async () => expect(await nodeOf(name)).toBe('n1'), { timeout: 10_000 })
    expect(await nodeOf('third')).toBeUndefined()
  } finally {
    await plane.stop()
  }
})

it('one that is not valid stops the start with a line that names file and field', async () => {
  const invalid = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles: []\n'
  await expect(start(invalid)).rejects.toThrow(`${join(dir, 'scheduler.yaml')}: profiles: Required value`)
})
