import { execFile, spawn } from 'node:child_process'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'

let cluster: DockerCluster
let worker: string
beforeAll(async () => {
  cluster = await startDockerCluster({ name: `edges-${process.pid}` })
  worker = cluster.workers[0] ?? ''
  await cluster.kubectl.ok('run', 'steady', '--image=busybox:1.36', '--', 'sh', '-c', 'while :; do sleep 100; done')
  // A megabyte a second in lines of 1,000 bytes, by what the shell has built in: a process for each line would take a core.
  const loud = 'x=$(printf %1000s); while :; do for i in $(seq 100); do echo "$x"; done; sleep 0.1; done'
  await cluster.kubectl.ok('run', 'loud', '--image=busybox:1.36', '--', 'sh', '-c', loud)
  await cluster.kubectl.ok('wait', 'pod/steady', 'pod/loud', '--for=condition=Ready', '--timeout=60s')
})
afterAll(() => cluster?.remove())

/** Asks the API server as the administrator, with the path as it is. */
function ask(path: string, method = 'GET'): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(cluster.cluster.server)
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({ ...cluster.cluster.admin, hostname, port, path, method }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

const inWorker = async (script: string): Promise<string> =>
  (await promisify(execFile)('docker', ['exec', `slipway-${worker}`, 'sh', '-c', script])).stdout.trim()

/** Of the agent's process. */
async function agentPid(): Promise<string> {
  const docker = await cluster.engine.connect()
  const { Processes } = (await docker.getContainer(`slipway-${worker}`).top()) as { Processes: string[][] }
  return Processes.find((columns) => columns.some((text) => text.includes('agent.cjs')))?.[1] ?? ''
}

/** Megabytes that the agent has in memory, as it says itself. */
async function agentMemory(): Promise<number> {
  const { text } = await ask(`/api/v1/nodes/${worker}/proxy/metrics`)
  const bytes = /^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1]
  if (!bytes) throw new Error(`the agent says: ${text}`)
  return Number(bytes) / 2 ** 20
}

test('paths that cannot be read leave the agent as it was', async () => {
  const before = await agentPid()
  for (const path of ['%ff', 'containerLogs/%ff/x/y', 'exec/%c3/x/y', '/', 'images/%ff'])
    expect((await ask(`/api/v1/nodes/${worker}/proxy/${path}`)).status, path).toBeGreaterThanOrEqual(400)
  for (const verb of ['exec', 'attach', 'portForward'])
    expect(
      (await ask(`/api/v1/nodes/${worker}/proxy/${verb}/default/steady/steady?command=id&port=80`)).status,
    ).toBeGreaterThanOrEqual(400)
  expect(await agentPid()).toBe(before)
})

test('a pod reaches of its worker what is meant for it, and of the machine nothing that listens on its loopback', async () => {
  // What listens in the worker, and on addresses that others than itself can reach.
  const listening = await inWorker(
    'ss -Hltn | while read -r _ _ _ at _; do echo "$at"; done | grep -v "^127\\.\\|^\\[::1\\]" | grep -o "[0-9]*$" | sort -un',
  )
  // DNS, API server, the kubelet's port, the proxy's health, the tunnel.
  expect(listening.split('\n')).toEqual(['53', '6443', '10250', '10256', '10650'])
  const ip = await cluster.kubectl.ok('get', 'node', worker, '-o', 'jsonpath={.status.addresses[0].address}')
  const inPod = async (script: string): Promise<string> =>
    (await cluster.kubectl('exec', 'steady', '--', 'sh', '-c', `${script} 2>&1`)).stdout
  // Each wants its own proof: nobody is let in without.
  expect(await inPod(`wget -q -T 3 -O - --no-check-certificate https://${ip}:10250/pods`)).toContain('401 Unauthorized')
  expect(await inPod(`wget -q -T 3 -O - --no-check-certificate https://${ip}:6443/api/v1/secrets`)).toContain(
    '403 Forbidden',
  )
  expect(await inPod(`wget -q -T 3 -O - --no-check-certificate https://${ip}:10650/pods`)).toMatch(
    /error|alert|closed/i,
  )
  // DNS is on the cluster's address alone; what is on the worker's or the machine's loopback is nowhere.
  const { port } = new URL(cluster.cluster.server)
  const closed = [`${ip} 53`, `${ip} 10248`, `${ip} 10249`, '169.254.1.1 10249', `host.slipway.internal ${port}`]
  for (const target of closed)
    expect(await inPod(`nc -w 2 ${target} </dev/null && echo open`), target).not.toContain('open')
  expect(await inPod('ls /run/slipway /var/run/docker.sock /var/lib/kubelet; true')).not.toMatch(/\.sock\n|pods/)
})

test('pods with images that are none wait with InvalidImageName, and the agent lives', async () => {
  const before = await agentPid()
  const names = ['../containers/json?', '../nosuch/x?', '../127.0.0.1:31999/x?', 'a%2f..', 'BusyBox']
  for (const [index, image] of names.entries()) {
    const manifest = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `bad-${index}` },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image }] },
    })
    const { code } = await cluster.kubectl.withInput(manifest, 'apply', '-f', '-')
    expect(code).toBe(0)
    const reason = '{.status.containerStatuses[0].state.waiting.reason}'
    await cluster.kubectl.waitForValue(`pod/bad-${index}`, reason, 'InvalidImageName')
  }
  await cluster.kubectl.ok('delete', 'pods', ...names.map((_, index) => `bad-${index}`), '--now')
  expect(await agentPid()).toBe(before)
})

test('400 MB for a process that does not read stay out of the agent', async () => {
  const before = await agentMemory()
  const exec = spawn('kubectl', ['exec', '-i', 'steady', '--', 'sleep', '100000'], {
    env: { ...process.env, KUBECONFIG: join(cluster.dir, 'kubeconfig') },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  exec.stdin.on('error', () => undefined)
  let sent = 0
  const chunk = Buffer.alloc(2 ** 20)
  const feeding = (async () => {
    while (sent < 400 && !exec.stdin.destroyed) {
      sent++
      if (!exec.stdin.write(chunk))
        await new Promise((resolve) => exec.stdin.once('drain', resolve).once('close', resolve))
    }
  })()
  let most = 0
  for (let second = 0; second < 12; second++) {
    await sleep(1_000)
    most = Math.max(most, await agentMemory())
  }
  exec.kill('SIGKILL')
  await feeding
  expect(sent).toBeLessThan(400)
  expect(most - before, 'megabytes').toBeLessThan(60)
})

test('ten followers that do not read cost the agent little, and one that reads is as fast as ever', async () => {
  const before = await agentMemory()
  const { hostname, port } = new URL(cluster.cluster.server)
  const follow = () => {
    const outgoing = httpsRequest({
      ...cluster.cluster.admin,
      hostname,
      port,
      path: '/api/v1/namespaces/default/pods/loud/log?follow=true',
    })
    outgoing.on('error', () => undefined)
    outgoing.on('response', (response) => {
      response.on('error', () => undefined)
      response.pause()
    })
    outgoing.end()
    return outgoing
  }
  const slow = Array.from({ length: 10 }, follow)
  await sleep(8_000)
  let read = 0
  const fast = follow()
  fast.on('response', (response) => response.on('data', (chunk: Buffer) => (read += chunk.length)).resume())
  await expect.poll(() => read, { timeout: 90_000 }).toBeGreaterThan(5 * 2 ** 20)
  const after = await agentMemory()
  for (const outgoing of [...slow, fast]) outgoing.destroy()
  expect(after - before, 'megabytes').toBeLessThan(50)
})
