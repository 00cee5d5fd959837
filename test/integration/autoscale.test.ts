import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createAuthority, issueCertificate } from '#main/cluster/apiserver/auth/certificates.ts'
import type { HorizontalPodAutoscaler } from '#shared/kube/generated/types.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

let cluster: SimulatedCluster
beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
})
afterAll(() => cluster?.stop())

const untilOutput = (args: readonly string[], expected: string): Promise<void> =>
  vi.waitFor(async () => expect(await cluster.kubectl.ok(...args)).toBe(expected), {
    timeout: 150_000,
    interval: 1_000,
  })

/** Pods that use almost three times their target: a rate that is measured a nanosecond too high still asks for three. */
const busy = `apiVersion: apps/v1
kind: Deployment
metadata: {name: busy}
spec:
  replicas: 1
  selector: {matchLabels: {app: busy}}
  template:
    metadata:
      labels: {app: busy}
      annotations: {simulated.slipway.dev/cpu-usage: 140m}
    spec:
      containers: [{name: c, image: x, resources: {requests: {cpu: 100m}}}]
`

it('kubectl autoscale grows a Deployment by the CPU that its pods use', async () => {
  const { kubectl } = cluster
  await kubectl.withInput(busy, 'apply', '-f', '-')
  await kubectl.ok('autoscale', 'deployment', 'busy', '--min=1', '--max=5', '--cpu-percent=50')
  // The first step may be over before anybody looks: its event tells of it.
  await vi.waitFor(
    async () =>
      expect(await kubectl.ok('get', 'events')).toMatch(
        /SuccessfulRescale +horizontalpodautoscaler\/busy +New size: 3; reason: cpu resource utilization \(percentage of request\) above target/,
      ),
    { timeout: 150_000, interval: 1_000 },
  )
  await vi.waitFor(
    async () => expect(await kubectl.ok('get', 'hpa', 'busy', '--no-headers')).toMatch(/cpu: 14[01]%\/50% +1 +5 +5/),
    { timeout: 150_000, interval: 1_000 },
  )
  const hpa = JSON.parse(await kubectl.ok('get', 'hpa.v2.autoscaling', 'busy', '-o', 'json')) as HorizontalPodAutoscaler
  expect(hpa.status).toMatchObject({
    currentMetrics: [{ resource: { current: { averageUtilization: expect.closeTo(140, -1) as number } } }],
    conditions: [
      { type: 'AbleToScale', status: 'True' },
      { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound' },
      { type: 'ScalingLimited' },
    ],
  })
  expect(cluster.complaints).toEqual([])
}, 330_000)

/** A kind with a scale, and the pods that its operator would have made. */
const farm = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: farms.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: farms, singular: farm, kind: Farm}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
      subresources:
        scale: {specReplicasPath: .spec.workers, statusReplicasPath: .status.workers, labelSelectorPath: .status.selector}
`
const farmPod = (name: string): string => `---
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  labels: {farm: green}
  annotations: {simulated.slipway.dev/cpu-usage: 150m}
spec:
  containers: [{name: c, image: x, resources: {requests: {cpu: 100m}}}]
`

it('kubectl autoscale grows a custom resource through its scale', async () => {
  const { kubectl } = cluster
  await kubectl.withInput(farm, 'apply', '-f', '-')
  await kubectl.ok('wait', 'crd/farms.example.com', '--for=condition=Established', '--timeout=30s')
  const green = `apiVersion: example.com/v1
kind: Farm
metadata: {name: green}
spec: {workers: 2}
status: {workers: 2, selector: farm=green}
`
  await kubectl.withInput(`${green}${farmPod('one')}${farmPod('two')}`, 'create', '-f', '-')
  await kubectl.ok('autoscale', 'farm.example.com', 'green', '--min=1', '--max=8', '--cpu-percent=50')
  // Six would do; a first step of no more than four.
  await untilOutput(['get', 'farm', 'green', '-o', 'jsonpath={.spec.workers}'], '4')
  const hpa = JSON.parse(
    await kubectl.ok('get', 'hpa.v2.autoscaling', 'green', '-o', 'json'),
  ) as HorizontalPodAutoscaler
  expect(hpa.spec.scaleTargetRef).toEqual({ apiVersion: 'example.com/v1', kind: 'Farm', name: 'green' })
  expect(hpa.status?.desiredReplicas).toBe(4)
}, 180_000)

const group = 'custom.metrics.k8s.io'

/** An adapter as of Prometheus: an aggregated API that says how long the queue of each pod is. */
async function startAdapter(values: Record<string, string>): Promise<Server> {
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) }
  const authority = await createAuthority('adapter', validity)
  const name = 'adapter.default.svc'
  const { cert, key } = await issueCertificate(authority, { name, hosts: [name], usages: ['server'] }, validity)
  const server = createServer({ cert, key }, ({ url = '' }, response) => {
    const { pathname } = new URL(url, 'https://adapter')
    const items = Object.entries(values).map(([pod, value]) => ({
      describedObject: { kind: 'Pod', namespace: 'default', name: pod, apiVersion: '/v1' },
      metric: { name: 'queue_length' },
      timestamp: new Date().toISOString(),
      value,
    }))
    const isValues = pathname === `/apis/${group}/v1beta2/namespaces/default/pods/*/queue_length`
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify(
        isValues
          ? { apiVersion: `${group}/v1beta2`, kind: 'MetricValueList', metadata: {}, items }
          : { apiVersion: 'v1', kind: 'APIResourceList', groupVersion: `${group}/v1beta2`, resources: [] },
      ),
    )
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return server
}

const adapter = `apiVersion: v1
kind: Pod
metadata: {name: adapter, labels: {app: adapter}}
spec: {containers: [{name: c, image: adapter, ports: [{containerPort: 6443}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: adapter}
spec: {selector: {app: adapter}, ports: [{port: 443, targetPort: 6443}]}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta2.${group}}
spec:
  group: ${group}
  version: v1beta2
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {namespace: default, name: adapter}
`
const queue = `apiVersion: apps/v1
kind: Deployment
metadata: {name: queue}
spec:
  replicas: 2
  selector: {matchLabels: {app: queue}}
  template:
    metadata: {labels: {app: queue}}
    spec: {containers: [{name: c, image: x}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: queue}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: queue}
  minReplicas: 1
  maxReplicas: 10
  metrics: [{type: Pods, pods: {metric: {name: queue_length}, target: {type: AverageValue, averageValue: 10}}}]
`

it('an autoscaler follows a metric of an aggregated API', async () => {
  const { kubectl } = cluster
  const values: Record<string, string> = {}
  const server = await startAdapter(values)
  try {
    cluster.node.ports.set(6443, (server.address() as AddressInfo).port)
    await kubectl.withInput(adapter, 'create', '-f', '-')
    await kubectl.ok('wait', `apiservice/v1beta2.${group}`, '--for=condition=Available', '--timeout=60s')
    await kubectl.withInput(queue, 'create', '-f', '-')
    await kubectl.ok('rollout', 'status', 'deployment/queue', '--timeout=60s')
    const names = await kubectl.ok('get', 'pods', '-l', 'app=queue', '-o', 'jsonpath={.items[*].metadata.name}')
    for (const name of names.split(' ')) values[name] = '15'
    await untilOutput(['get', 'deployment', 'queue', '-o', 'jsonpath={.spec.replicas}'], '3')
    expect(await kubectl.ok('get', 'events')).toMatch(
      /SuccessfulRescale +horizontalpodautoscaler\/queue +New size: 3; reason: pods metric queue_length above target/,
    )
    expect(await kubectl.ok('get', 'hpa', 'queue', '--no-headers')).toMatch(/15\/10|10\/10/)
  } finally {
    server.close()
  }
  expect(cluster.complaints).toEqual([])
}, 180_000)
