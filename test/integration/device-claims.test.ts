import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'
import type { Kubectl } from '../support/kubectl.ts'

/** Devices that an administrator describes are allocated to the pods of a Deployment, run out, and are released. */

let cluster: SimulatedCluster
let kubectl: Kubectl
beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
  kubectl = cluster.kubectl
  await apply(`
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: { name: gpu }
spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }] }
---
${slice('worker-1', 2)}
---
${slice('worker-2', 2)}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: { name: gpu }
spec: { spec: { devices: { requests: [{ name: gpu, exactly: { deviceClassName: gpu } }] } } }
`)
})
afterAll(() => cluster.stop())

const apply = async (manifest: string): Promise<void> => {
  const { code, stderr } = await kubectl.withInput(manifest, 'apply', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}

const slice = (node: string, count: number): string => `
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: { name: ${node} }
spec:
  driver: gpu.example.com
  nodeName: ${node}
  pool: { name: ${node}, generation: 1, resourceSliceCount: 1 }
  devices:
${Array.from({ length: count }, (_, i) => `    - { name: gpu-${i}, attributes: { index: { int: ${i} } } }`).join('\n')}`

const pod = (name: string, claim: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers: [{ name: c, image: app, resources: { claims: [{ name: gpu }] } }]
  resourceClaims: [{ name: gpu, ${claim} }]`

/** `node/device` of every claim that is allocated. */
async function allocated(): Promise<string[]> {
  const path =
    '{range .items[*]}{.status.allocation.devices.results[0].pool}/{.status.allocation.devices.results[0].device}{"\\n"}{end}'
  const text = await kubectl.ok('get', 'resourceclaims', '-o', `jsonpath=${path}`)
  return text
    .split('\n')
    .filter((line) => line.length > 1)
    .sort()
}

describe('devices for pods', () => {
  it('a Deployment gets a claim of its own for each pod, on the nodes that have devices', async () => {
    await apply(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: train }
spec:
  replicas: 4
  selector: { matchLabels: { app: train } }
  template:
    metadata: { labels: { app: train } }
    spec:
      containers: [{ name: c, image: app, resources: { claims: [{ name: gpu }] } }]
      resourceClaims: [{ name: gpu, resourceClaimTemplateName: gpu }]`)
    await kubectl.ok('wait', 'deployment/train', '--for=condition=Available', '--timeout=60s')
    expect(await allocated()).toEqual(['worker-1/gpu-0', 'worker-1/gpu-1', 'worker-2/gpu-0', 'worker-2/gpu-1'])
    expect(await kubectl.ok('get', 'resourceclaims')).toMatch(/train-\S+-gpu-\w{5} +allocated,reserved/)
    const name = await kubectl.ok(
      'get',
      'pods',
      '-o',
      'jsonpath={.items[0].status.resourceClaimStatuses[0].resourceClaimName}',
    )
    const claim = await kubectl.ok(
      'get',
      'resourceclaim',
      name,
      '-o',
      'jsonpath={.metadata.finalizers[0]} {.metadata.annotations} {.metadata.ownerReferences[0].kind}',
    )
    expect(claim).toBe('resource.kubernetes.io/delete-protection {"resource.kubernetes.io/pod-claim-name":"gpu"} Pod')
  })

  it('a further pod waits, and says why', async () => {
    await apply(pod('late', 'resourceClaimTemplateName: gpu'))
    await kubectl.waitForValue('pod/late', '{.status.conditions[0].message}', /allocate/)
    expect(await kubectl.ok('get', 'pod', 'late', '-o', 'jsonpath={.status.conditions[0].message}')).toBe(
      '0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    )
  })

  it('gets the devices of pods that are gone', async () => {
    await kubectl.ok('scale', 'deployment/train', '--replicas=0')
    await kubectl.ok('wait', 'pod/late', '--for=condition=Ready', '--timeout=60s')
    await kubectl.ok('delete', 'pod', 'late')
    await kubectl.waitForDeletion('resourceclaims')
  })

  it('a claim of a user is shared by pods on one node, and freed when the last has ended', async () => {
    await apply(`
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: { name: shared }
spec:
  devices:
    requests:
      - name: gpu
        exactly: { deviceClassName: gpu, selectors: [{ cel: { expression: 'device.attributes["gpu.example.com"].index == 1' } }] }
---
${pod('one', 'resourceClaimName: shared')}
---
${pod('two', 'resourceClaimName: shared')}`)
    await kubectl.ok('wait', 'pod/one', 'pod/two', '--for=condition=Ready', '--timeout=60s')
    const nodes = await kubectl.ok('get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}')
    expect(new Set(nodes.split(' ')).size).toBe(1)
    const users = await kubectl.ok('get', 'resourceclaim', 'shared', '-o', 'jsonpath={.status.reservedFor[*].name}')
    expect(users.split(' ').sort()).toEqual(['one', 'two'])
    await kubectl.ok('delete', 'pod', 'one', 'two')
    await kubectl.waitForValue('resourceclaim/shared', '{.status}', '{}')
    await kubectl.waitForValue('resourceclaim/shared', '{.metadata.finalizers}', '')
  })

  it('a pod whose class does not exist waits for it', async () => {
    await apply(`
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: { name: odd }
spec: { devices: { requests: [{ name: r, exactly: { deviceClassName: odd } }] } }
---
${pod('odd', 'resourceClaimName: odd')}`)
    await kubectl.waitForValue('pod/odd', '{.status.conditions[0].message}', /odd/)
    expect(await kubectl.ok('get', 'pod', 'odd', '-o', 'jsonpath={.status.conditions[0].message}')).toBe(
      '0/2 nodes are available: request r: device class odd does not exist. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    )
    await apply('apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: { name: odd }\nspec: {}')
    await kubectl.ok('wait', 'pod/odd', '--for=condition=Ready', '--timeout=60s')
    await kubectl.ok('delete', 'pod', 'odd')
  })

  it('a pod without its template is told so, and goes on when there is one', async () => {
    await apply(pod('lost', 'resourceClaimTemplateName: later'))
    await kubectl.waitForValue('events', '{.items[?(@.reason=="FailedResourceClaimCreation")].message}', /later/)
    await apply(`
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: { name: later }
spec: { spec: { devices: { requests: [{ name: r, exactly: { deviceClassName: gpu } }] } } }`)
    await kubectl.ok('wait', 'pod/lost', '--for=condition=Ready', '--timeout=60s')
    await kubectl.ok('delete', 'pod', 'lost')
  })

  it('a pod that requests an extended resource gets devices of the class behind it', async () => {
    const gpuPod = (name: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec: { containers: [{ name: c, image: app, resources: { limits: { example.com/gpu: 2 } } }] }`
    await apply(gpuPod('plain'))
    await kubectl.waitForValue('pod/plain', '{.status.conditions[0].message}', /Insufficient example.com.gpu/)
    await kubectl.ok('patch', 'deviceclass', 'gpu', '-p', '{"spec": {"extendedResourceName": "example.com/gpu"}}')
    await kubectl.ok('wait', 'pod/plain', '--for=condition=Ready', '--timeout=60s')
    const status = await kubectl.ok('get', 'pod', 'plain', '-o', 'jsonpath={.status.extendedResourceClaimStatus}')
    expect(JSON.parse(status)).toEqual({
      resourceClaimName: expect.stringMatching(/^plain-extended-resources-\w{5}$/) as string,
      requestMappings: [{ containerName: 'c', resourceName: 'example.com/gpu', requestName: 'container-0-request-0' }],
    })
    expect(await kubectl.ok('get', 'resourceclaims')).toMatch(/plain-extended-resources-\w{5} +allocated,reserved/)
    await apply(`${gpuPod('second')}\n---${gpuPod('third')}`)
    await kubectl.waitForValue('pods', '{.items[*].status.conditions[0].message}', /cannot allocate all claims/)
    await kubectl.ok('delete', 'pod', 'plain')
    await kubectl.ok('wait', 'pod/second', 'pod/third', '--for=condition=Ready', '--timeout=60s')
    await kubectl.ok('delete', 'pod', 'second', 'third')
    // Those of users stay.
    await kubectl.waitForValue('resourceclaims', '{.items[*].metadata.name}', /^(odd shared)?$/)
  })

  it('has logged no error', () => {
    expect(cluster.complaints.filter((line) => !line.includes('resource claim template'))).toEqual([])
  })
})
