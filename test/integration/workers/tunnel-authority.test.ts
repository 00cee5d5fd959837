import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'

let cluster: DockerCluster
beforeAll(async () => {
  cluster = await startDockerCluster({ name: 'it-tunnel-ca' })
})
afterAll(() => cluster.remove())

const agentPid = async (): Promise<string> => {
  const docker = await cluster.engine.connect()
  const { Processes } = (await docker.getContainer(`slipway-${cluster.workers[0] ?? ''}`).top()) as {
    Processes: string[][]
  }
  return Processes.find((columns) => columns.some((text) => text.includes('agent.cjs')))?.[1] ?? ''
}

test('a worker that runs takes over the authority of its tunnel when the folder gets a new one', async () => {
  const before = await agentPid()
  await cluster.reopen(async () => {
    await rm(join(cluster.dir, 'pki/tunnel-ca.pem'))
    await rm(join(cluster.dir, 'pki/host.pem'))
  })
  expect(cluster.cluster.workers().map(({ ready }) => ready)).toEqual([true])
  const after = await agentPid()
  expect(after).not.toBe(before)
  await cluster.reopen()
  expect(await agentPid(), 'an agent with current files is left alone').toBe(after)
})
