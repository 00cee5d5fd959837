import { createLoad, createNamespace, untilTrue } from './load.ts'

type Row = [what: string, value: number | string, unit: string]
interface Pod {
  metadata: { name: string; uid: string }
  status?: { conditions?: { type: string; status: string }[] }
}

/** The life of pods on real workers: one at a time, thirty at once, and one replaced. */
export async function measurePods(options: { server: string; token: string; replicas: number }): Promise<Row[]> {
  const { replicas } = options
  const load = createLoad({ ...options, parallel: 8 })
  const namespace = `pods-${Date.now().toString(36)}`
  await createNamespace(load, namespace)
  const pods = `/api/v1/namespaces/${namespace}/pods`
  const container = {
    name: 'c',
    image: 'busybox:1.36',
    command: ['sleep', '100000'],
    resources: { requests: { cpu: '1m', memory: '4Mi' } },
  }
  const spec = { terminationGracePeriodSeconds: 0, containers: [container] }
  const isReady = (pod: Pod): boolean =>
    pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

  const single: number[] = []
  for (let index = 0; index < 15; index++) {
    const begun = performance.now()
    await load.send('POST', pods, { metadata: { name: `s-${index}` }, spec })
    await untilTrue(async () => isReady((await load.send('GET', `${pods}/s-${index}`)).json() as Pod), 10)
    single.push(performance.now() - begun)
  }
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`
  const burstBegun = performance.now()
  const template = { metadata: { labels: { app: 'd' } }, spec }
  await load.send('POST', deployments, {
    metadata: { name: 'd' },
    spec: { replicas, selector: { matchLabels: { app: 'd' } }, template },
  })
  await untilTrue(
    async () =>
      ((await load.send('GET', `${deployments}/d`)).json() as { status?: { availableReplicas?: number } }).status
        ?.availableReplicas === replicas,
  )
  const burst = performance.now() - burstBegun

  const list = async (): Promise<Pod[]> =>
    ((await load.send('GET', `${pods}?labelSelector=app%3Dd`)).json() as { items: Pod[] }).items
  const heals: number[] = []
  for (let round = 0; round < 5; round++) {
    const [victim] = await list()
    const begun = performance.now()
    await load.send('DELETE', `${pods}/${victim?.metadata.name ?? ''}`)
    await untilTrue(
      async () =>
        (await list()).filter((pod) => isReady(pod) && pod.metadata.uid !== victim?.metadata.uid).length >= replicas,
      10,
    )
    heals.push(performance.now() - begun)
  }
  await load.send('DELETE', `/api/v1/namespaces/${namespace}`)
  await untilTrue(
    () =>
      load.send('GET', `/api/v1/namespaces/${namespace}`).then(
        () => false,
        () => true,
      ),
    100,
  )
  load.stop()
  const median = (values: number[]): number =>
    Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0)
  return [
    ['pod create to Ready, image present, p50 of 15', median(single), 'ms'],
    ['pod create to Ready, longest', Math.round(Math.max(...single)), 'ms'],
    [`Deployment of ${replicas} to available, 3 workers`, Number((burst / 1_000).toFixed(2)), 's'],
    ['deleted pod to replacement Ready, median of 5', median(heals), 'ms'],
  ]
}
