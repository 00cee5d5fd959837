import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { namespaces, pods, runtimeClasses } from '#shared/kube/resources.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { kinds } from '../../kinds/index.ts'
import { podSecurity } from './index.ts'
import { violationsOf } from './checks.ts'
import { runtimeClassAdmission } from '../runtime-class.ts'

let api: TestApiServer
beforeEach(async () => {
  api = await startApiServer({ kinds, admission: [runtimeClassAdmission, podSecurity] })
  for (const level of ['baseline', 'restricted'])
    await api.client.create(namespaces, {
      metadata: { name: level, labels: { 'pod-security.kubernetes.io/enforce': level } },
    })
  await api.client.create(namespaces, { metadata: { name: 'free' } })
})
afterEach(() => api.stop())

const plain: PodSpec = { containers: [{ name: 'c', image: 'busybox' }] }
const safe: PodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'c',
      image: 'busybox',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
}
const make = (namespace: string, spec: PodSpec): Promise<Pod> =>
  api.client.create(pods, { metadata: { name: 'p', namespace }, spec })

describe('a namespace', () => {
  it('without labels allows any pod', async () => {
    await make('free', { ...plain, hostNetwork: true })
  })

  it('of level baseline refuses access to the host', async () => {
    await make('baseline', plain)
    await expect(
      api.client.create(pods, {
        metadata: { name: 'q', namespace: 'baseline' },
        spec: {
          hostNetwork: true,
          volumes: [{ name: 'v', hostPath: { path: '/' } }],
          containers: [{ name: 'c', image: 'b', securityContext: { privileged: true } }],
        },
      }),
    ).rejects.toMatchObject({
      code: 403,
      message:
        'pods "q" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true), privileged (container "c" must not set securityContext.privileged=true), hostPath volumes (volume "v")',
    })
  })

  it('of level restricted allows pods that drop their privileges', async () => {
    await make('restricted', safe)
    expect(violationsOf({ spec: plain }, 'restricted')).toEqual([
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
      'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
      'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
      'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ])
  })
})

it('adds overhead and node selector of an existing runtime class to pods', async () => {
  await expect(make('free', { ...plain, runtimeClassName: 'none' })).rejects.toMatchObject({
    message: 'pods "p" is forbidden: pod rejected: RuntimeClass "none" not found',
  })
  await api.client.create(runtimeClasses, {
    metadata: { name: 'vm' },
    handler: 'vm',
    overhead: { podFixed: { memory: '64Mi' } },
    scheduling: { nodeSelector: { vm: 'yes' } },
  })
  const { spec } = await make('free', { ...plain, runtimeClassName: 'vm' })
  expect(spec).toMatchObject({ overhead: { memory: '64Mi' }, nodeSelector: { vm: 'yes' } })
})
