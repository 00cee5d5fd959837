import { createLoad, createNamespace, untilTrue } from './load.ts'

type Row = [what: string, value: number | string, unit: string]

/** Pods from their creation to their binding, on nodes that exist only as objects. */
export async function measureScheduling(options: {
  server: string
  token: string
  nodes: number
  pods: number
}): Promise<Row[]> {
  const { nodes, pods } = options
  const load = createLoad({ ...options, parallel: 32 })
  const id = `sched-${Date.now().toString(36)}`
  await load.run(nodes, async (index) => {
    const name = `${id}-${index}`
    const labels = { bench: id, 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `z${index % 3}` }
    await load.send('POST', '/api/v1/nodes', { metadata: { name, labels } })
    const amounts = { cpu: '32', memory: '256Gi', pods: '110' }
    const now = `${new Date().toISOString().slice(0, 19)}Z`
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    }
    await load.send(
      'PATCH',
      `/api/v1/nodes/${name}/status`,
      { status: { capacity: amounts, allocatable: amounts, conditions: [ready] } },
      'application/merge-patch+json',
    )
    await load.send('PATCH', `/api/v1/nodes/${name}`, { spec: { taints: null } }, 'application/merge-patch+json')
  })
  await createNamespace(load, id)
  const path = `/api/v1/namespaces/${id}/pods`
  const begun = performance.now()
  await load.run(pods, (index) =>
    load.send('POST', path, {
      metadata: { name: `p-${index}`, labels: { app: 'x' } },
      spec: {
        automountServiceAccountToken: false,
        nodeSelector: { bench: id },
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'c', image: 'busybox:1.36', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
      },
    }),
  )
  await untilTrue(async () => {
    const waiting = (await load.send('GET', `${path}?fieldSelector=spec.nodeName%3D&limit=1`)).json() as {
      items: unknown[]
    }
    return waiting.items.length === 0
  }, 50)
  const rate = Math.round(pods / ((performance.now() - begun) / 1_000))
  await load.send('DELETE', `/api/v1/namespaces/${id}`)
  await load.run(nodes, (index) => load.send('DELETE', `/api/v1/nodes/${id}-${index}`))
  load.stop()
  return [[`schedule ${pods} pods on ${nodes} nodes, end to end`, rate, '/s']]
}
