import { describe, expect, it } from 'vitest'
import { objectReader } from '#test/support/object-reader.ts'
import { authorizeNode } from './node-authorizer.ts'
import type { ResourceAttributes } from '../api/access.ts'

const user = { name: 'system:node:w1', groups: ['system:nodes'] }
const claim = { namespace: 'dev', name: 'claim' }

const objects = new Map<string, object>([
  [
    'pods/dev/mine',
    {
      metadata: { name: 'mine' },
      spec: {
        nodeName: 'w1',
        containers: [],
        ephemeralContainers: [{ name: 'e', envFrom: [{ secretRef: { name: 'debug' } }] }],
        volumes: [
          { name: 'a', csi: { driver: 'd', nodePublishSecretRef: { name: 'csi' } } },
          { name: 'b', azureFile: { secretName: 'azure' } },
          { name: 'c', persistentVolumeClaim: { claimName: 'claim' } },
          { name: 'scratch', ephemeral: { volumeClaimTemplate: {} } },
        ],
        resourceClaims: [
          { name: 'gpu', resourceClaimName: 'gpu' },
          { name: 'made', resourceClaimTemplateName: 't' },
        ],
      },
      status: { resourceClaimStatuses: [{ name: 'made', resourceClaimName: 'mine-made-1' }] },
    },
  ],
  [
    'pods/dev/mirror',
    {
      metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } },
      spec: { nodeName: 'w1', serviceAccountName: 'root', containers: [], imagePullSecrets: [{ name: 'mirrored' }] },
    },
  ],
  [
    'pods/dev/theirs',
    { metadata: {}, spec: { nodeName: 'w2', containers: [], imagePullSecrets: [{ name: 'theirs' }] } },
  ],
  [
    'persistentvolumes//disk',
    { metadata: {}, spec: { claimRef: claim, csi: { nodeStageSecretRef: { name: 'stage', namespace: 'storage' } } } },
  ],
  [
    'persistentvolumes//free',
    { metadata: {}, spec: { csi: { nodeStageSecretRef: { name: 'free', namespace: 'dev' } } } },
  ],
  ['volumeattachments//here', { metadata: {}, spec: { nodeName: 'w1' } }],
  ['volumeattachments//there', { metadata: {}, spec: { nodeName: 'w2' } }],
])

const reader = objectReader(() => objects)

/** `get secrets/name -n dev`; the plural is followed by its group unless that is the core group. */
function may(text: string): boolean {
  const [verb = '', target = '', , namespace = ''] = text.split(' ')
  const [typed = '', name = '', subresource = ''] = target.split('/')
  const [resource = '', ...group] = typed.split('.')
  const attributes: ResourceAttributes = {
    user,
    resourceRequest: true,
    verb,
    group: group.join('.'),
    version: 'v1',
    resource,
    subresource,
    namespace,
    name,
  }
  return authorizeNode(attributes, reader).allowed
}

describe('the node authorizer', () => {
  it.each([
    'get secrets/debug -n dev',
    'watch secrets/debug -n dev',
    'get secrets/csi -n dev',
    'get secrets/azure -n dev',
    'get secrets/stage -n storage',
    'get persistentvolumeclaims/claim -n dev',
    'get persistentvolumeclaims/mine-scratch -n dev',
    'patch persistentvolumeclaims/claim/status -n dev',
    'get persistentvolumes/disk',
    'get resourceclaims.resource.k8s.io/gpu -n dev',
    'get resourceclaims.resource.k8s.io/mine-made-1 -n dev',
    'get volumeattachments.storage.k8s.io/here',
    'get pods/mine -n dev',
    'create pods -n dev',
    'create pods/mine/eviction -n dev',
    'create nodes',
    'get nodes/w1',
    'watch nodes/w1',
    'create leases.coordination.k8s.io -n kube-node-lease',
    'list services',
    'list runtimeclasses.node.k8s.io',
  ])('allows %s', (request) => expect(may(request)).toBe(true))

  it.each([
    'get secrets/theirs -n dev',
    'get secrets/mirrored -n dev',
    'get secrets/free -n dev',
    'get secrets/stage -n dev',
    'delete secrets/debug -n dev',
    'list secrets -n dev',
    'create serviceaccounts/root/token -n dev',
    'list persistentvolumeclaims/claim -n dev',
    'patch persistentvolumeclaims/claim -n dev',
    'patch persistentvolumeclaims/other/status -n dev',
    'get persistentvolumes/free',
    'get persistentvolumes/missing',
    'get volumeattachments.storage.k8s.io/there',
    'list volumeattachments.storage.k8s.io',
    'get pods/theirs -n dev',
    'get pods/missing -n dev',
    'get pods/mine/log -n dev',
    'create pods/mine/exec -n dev',
    'deletecollection pods -n dev',
    'get nodes/w2',
    'list nodes',
    'delete nodes/w1',
    'get nodes/w1/proxy',
    'list leases.coordination.k8s.io -n kube-node-lease',
    'get leases.coordination.k8s.io/w1 -n default',
    'list namespaces',
    'list endpointslices.discovery.k8s.io',
  ])('does not allow %s', (request) => expect(may(request)).toBe(false))

  it('recognizes a node by user name and group, and denies a node without a name', () => {
    const ask = (name: string, groups: string[]) =>
      authorizeNode({ user: { name, groups }, resourceRequest: false, verb: 'get', path: '/' }, reader)
    expect(ask('system:node:', ['system:nodes'])).toEqual({
      allowed: false,
      reason: 'unknown node for user "system:node:"',
    })
    expect(ask('system:node:w1', [])).toEqual({ allowed: false })
  })
})
