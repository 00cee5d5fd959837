import { createLoad, createNamespace, type Load, untilTrue } from './load.ts'

type Row = [what: string, value: number | string, unit: string]
const watchers = 20

/** What one busy client and twenty watchers get out of the API server, over TLS. */
export async function measureApi(options: {
  server: string
  token: string
  count: number
  parallel: number
}): Promise<Row[]> {
  const { count } = options
  const load = createLoad(options)
  const { namespace, pods } = await newNamespace(load)

  let events = 0
  const stops = Array.from({ length: watchers }, () => load.watch(`${pods}?watch=1`, () => events++))
  await new Promise((resolve) => setTimeout(resolve, 500))
  const begun = performance.now()
  const create = await load.run(count, (index) => load.send('POST', pods, podNumber(index)))
  await untilTrue(() => events >= count * watchers)
  const fanOut = Math.round(events / ((performance.now() - begun) / 1_000))
  for (const stop of stops) stop()

  const get = await load.run(count, (index) => load.send('GET', `${pods}/p-${index}`))
  const merge = await load.run(count, (index) =>
    load.send(
      'PATCH',
      `${pods}/p-${index}`,
      { metadata: { annotations: { n: String(index) } } },
      'application/merge-patch+json',
    ),
  )
  const strategic = await load.run(count, (index) =>
    load.send(
      'PATCH',
      `${pods}/p-${index}`,
      { spec: { containers: [{ name: 'c', image: 'busybox:1.37' }] } },
      'application/strategic-merge-patch+json',
    ),
  )
  const status = await load.run(count, (index) =>
    load.send('PATCH', `${pods}/p-${index}/status`, { status: { phase: 'Running' } }, 'application/merge-patch+json'),
  )
  const apply = await load.run(1_000, (index) =>
    load.send(
      'PATCH',
      `/api/v1/namespaces/${namespace}/configmaps/c-${index}?fieldManager=bench`,
      configMap(index),
      'application/apply-patch+yaml',
    ),
  )
  const listBegun = performance.now()
  const list = await load.send('GET', `${pods}?limit=3000`)
  const listMs = Math.round(performance.now() - listBegun)
  const page = await load.run(400, () => load.send('GET', `${pods}?limit=500`))
  const byLabel = await load.run(1_600, (index) => load.send('GET', `${pods}?labelSelector=app%3Da${index % 50}`))
  const remove = await load.run(count, (index) => load.send('DELETE', `${pods}/p-${index}`, { gracePeriodSeconds: 0 }))
  await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
  load.stop()
  return [
    ['create pod, 32 clients, 20 watchers', create.rate, '/s'],
    ['create pod, p99', create.p99, 'ms'],
    ['watch fan-out', fanOut, 'events/s'],
    ['get', get.rate, '/s'],
    ['merge patch', merge.rate, '/s'],
    ['strategic patch', strategic.rate, '/s'],
    ['status patch', status.rate, '/s'],
    ['server-side apply', apply.rate, '/s'],
    [`list 3,000 pods (${(list.bytes / 1e6).toFixed(1)} MB)`, listMs, 'ms'],
    ['list limit=500', page.rate, '/s'],
    ['list by label', byLabel.rate, '/s'],
    ['delete', remove.rate, '/s'],
  ]
}

/** Creates that many pods, which nobody schedules. @returns how to remove them again */
export async function createPods(options: {
  server: string
  token: string
  count: number
  parallel: number
}): Promise<() => Promise<void>> {
  const load = createLoad(options)
  const { namespace, pods } = await newNamespace(load)
  await load.run(options.count, (index) => load.send('POST', pods, podNumber(index)))
  return async () => {
    await load.run(options.count, (index) => load.send('DELETE', `${pods}/p-${index}`, { gracePeriodSeconds: 0 }))
    await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
    load.stop()
  }
}

/** A namespace that pods can be created in. */
export async function newNamespace(load: Load): Promise<{ namespace: string; pods: string }> {
  const namespace = `bench-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`
  await createNamespace(load, namespace)
  return { namespace, pods: `/api/v1/namespaces/${namespace}/pods` }
}

export const podNumber = (index: number): unknown => ({
  metadata: { name: `p-${index}`, labels: { app: `a${index % 50}` } },
  spec: {
    automountServiceAccountToken: false,
    schedulerName: 'nobody',
    containers: [
      {
        name: 'c',
        image: 'busybox:1.36',
        command: ['sleep', '1000'],
        resources: { requests: { cpu: '10m', memory: '16Mi' } },
        env: [{ name: 'A', value: 'b'.repeat(64) }],
      },
    ],
  },
})

const configMap = (index: number): unknown => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `c-${index}` },
  data: { a: 'x'.repeat(200), n: String(index) },
})
