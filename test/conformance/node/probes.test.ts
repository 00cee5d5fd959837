import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { containerOf, podsOf, shell } from '../support/pods.ts'
import { programContainer } from '../support/pod-server.ts'
import { serverWithWorkers } from '../support/server.ts'
import { busybox, isReady, nginx } from '../support/workloads.ts'

const server = await serverWithWorkers()
const { api } = server
const pods = await podsOf(server)

const restarts = (pod: Wire): number => containerOf(pod)?.restartCount ?? 0

/** Starts a pod whose liveness probe fails after a while, and waits until it was restarted so often. */
async function restarted(container: object, times: number, ms: number, more: object = {}): Promise<Wire[]> {
  const name = await pods.create({ containers: [container], ...more })
  await pods.until(name, `restarted ${times} times`, (pod) => restarts(pod) >= times, ms)
  const { items } = await api.get(`${pods.root}/events`, {
    fieldSelector: `involvedObject.name=${name},reason=Killing`,
  })
  expect(items[0]?.message).toBe('Container main failed liveness probe, will be restarted')
  return pods.history(name)
}

/** Starts a pod whose liveness probe succeeds; once it was probed ten times it must not have been restarted. */
async function notRestarted(
  container: object,
  probed: (name: string) => Promise<number>,
  more: object = {},
): Promise<void> {
  const name = await pods.create({ containers: [container], ...more })
  await pods.ready(name)
  await eventually('ten probes', async () => (await probed(name)) >= 10)
  const pod = await api.get(pods.at(name))
  expect([pod.status.phase, restarts(pod)]).toEqual(['Running', 0])
}

/** Counts lines of the pod's log. */
const lines =
  (pattern: RegExp) =>
  async (name: string): Promise<number> =>
    (await pods.logs(name)).split('\n').filter((line) => pattern.test(line)).length

/** Every second, and one failure is enough. */
const often = { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 5 }
const patient = { periodSeconds: 1, failureThreshold: 5, timeoutSeconds: 5 }

/** A web server whose /healthz is there for some seconds only. */
const web = (seconds: number): object =>
  shell(`mkdir /www; echo ok > /www/healthz; (sleep ${seconds}; rm /www/healthz) & exec httpd -f -p 8080 -h /www`, {
    livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 2, ...often },
  })

test.concurrent(
  '[sig-node] Probing container should have monotonically increasing restart count [NodeConformance] [Conformance]',
  async () => {
    // Back-off takes 150 s of this: nothing, 10 s, 20 s, 40 s and 80 s.
    const counts = (await restarted(web(3), 5, 280_000)).map(restarts)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(new Set(counts)).toEqual(new Set([0, 1, 2, 3, 4, 5]))
  },
  300_000,
)

test.concurrent(
  '[sig-node] Probing container should be restarted with a /healthz http liveness probe [NodeConformance] [Conformance]',
  async () => void (await restarted(web(8), 1, 90_000)),
)

test.concurrent(
  '[sig-node] Probing container should *not* be restarted with a /healthz http liveness probe [NodeConformance] [Conformance]',
  () =>
    notRestarted(
      {
        name: 'main',
        image: nginx,
        livenessProbe: { httpGet: { path: '/', port: 80 }, ...patient },
      },
      lines(/"GET \/ .* 200 .*kube-probe\//),
    ),
)

const health = (script: string, probe: object): object =>
  shell(script, { livenessProbe: { exec: { command: ['cat', '/tmp/health'] }, ...probe } })

test.concurrent(
  '[sig-node] Probing container should be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance] [Conformance]',
  async () => {
    const script = 'echo ok > /tmp/health; sleep 8; rm -f /tmp/health; sleep 600'
    await restarted(health(script, { initialDelaySeconds: 4, ...often }), 1, 90_000)
  },
)

test.concurrent(
  '[sig-node] Probing container should *not* be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance] [Conformance]',
  async () => {
    // Each reading of the pipe that the probe finds is one line of the log.
    const script = 'mkfifo /tmp/health; while :; do echo ok > /tmp/health; echo probed; sleep 0.2; done'
    await notRestarted(health(script, patient), lines(/^probed$/))
  },
)

test.concurrent(
  '[sig-node] Probing container should *not* be restarted with a tcp:8080 liveness probe [NodeConformance] [Conformance]',
  async () => {
    const { container, volumes } = await programContainer(api, pods.root, 'probed')
    await notRestarted(
      { ...container, livenessProbe: { tcpSocket: { port: 8080 }, ...patient } },
      lines(/^connection while 500$/),
      { volumes },
    )
  },
)

test.concurrent(
  '[sig-node] Probing container should *not* be restarted with a GRPC liveness probe [NodeConformance] [Conformance]',
  async () => {
    const { container, volumes } = await programContainer(api, pods.root, 'probed')
    await notRestarted(
      { ...container, livenessProbe: { grpc: { port: 5000 }, initialDelaySeconds: 2, ...patient } },
      lines(/^grpc \/grpc\.health\.v1\.Health\/Check$/),
      { volumes },
    )
  },
)

test.concurrent(
  '[sig-node] Probing container should be restarted with a GRPC liveness probe [NodeConformance] [Conformance]',
  async () => {
    const { container, volumes } = await programContainer(api, pods.root, 'probed')
    // Nothing listens there.
    const livenessProbe = { grpc: { port: 2333 }, initialDelaySeconds: 4, ...often }
    await restarted({ ...container, livenessProbe }, 1, 90_000, { volumes })
  },
)

test.concurrent(
  '[sig-node] Probing container with readiness probe should not be ready before initial delay and never restart [NodeConformance] [Conformance]',
  async () => {
    const initialDelaySeconds = 12
    const name = await pods.create({
      containers: [
        {
          name: 'main',
          image: nginx,
          readinessProbe: { httpGet: { path: '/', port: 80 }, initialDelaySeconds, periodSeconds: 1 },
        },
      ],
    })
    const pod = await pods.ready(name)
    const since = ({ lastTransitionTime }: Wire): number => Date.parse(lastTransitionTime)
    const readySince = since(pod.status.conditions.find(({ type }: Wire) => type === 'Ready'))
    const startedAt = Date.parse(containerOf(pod).state.running.startedAt)
    expect(readySince - startedAt).toBeGreaterThanOrEqual(initialDelaySeconds * 1000)
    expect(pods.history(name).filter(isReady)[0]).toEqual(pod)
    expect(restarts(pod)).toBe(0)
  },
)

test.concurrent(
  '[sig-node] Probing container with readiness probe that fails should never be ready and never restart [NodeConformance] [Conformance]',
  async () => {
    const name = await pods.create({
      containers: [
        {
          name: 'main',
          image: busybox,
          command: ['sleep', '600'],
          readinessProbe: {
            exec: { command: ['false'] },
            initialDelaySeconds: 1,
            periodSeconds: 1,
            failureThreshold: 1,
          },
        },
      ],
    })
    const fieldSelector = `involvedObject.name=${name},reason=Unhealthy`
    await eventually('ten failed probes', async () => {
      const { items } = await api.get(`${pods.root}/events`, { fieldSelector })
      return items.some(({ count = 1 }: { count?: number }) => count >= 10)
    })
    const pod = await api.get(pods.at(name))
    expect([pod.status.phase, containerOf(pod).ready, restarts(pod)]).toEqual(['Running', false, 0])
    expect(pods.history(name).filter(isReady)).toEqual([])
  },
)
