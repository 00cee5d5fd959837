import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { requireEnforceable, requireSandbox, seccompOf } from './security.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-seccomp-'))
  await mkdir(join(root, 'seccomp/profiles'), { recursive: true })
  const write = (name: string, text: string): Promise<void> => writeFile(join(root, name), text)
  await write('outside.json', '{"defaultAction":"SCMP_ACT_ALLOW"}')
  await write('seccomp/profiles/strict.json', '{ "defaultAction": "SCMP_ACT_ERRNO" }')
  await write('seccomp/text.json', 'unconfined')
  await write('seccomp/word.json', '"unconfined"')
  await write('seccomp/null.json', 'null')
  await write('seccomp/empty.json', '{}')
  await write('seccomp/nothing.json', '')
})
afterAll(() => rm(root, { recursive: true }))

const podOf = (
  container: Partial<Container>,
  spec: Partial<PodSpec> = {},
  annotations: Record<string, string> = {},
): [Pod, Container] => {
  const own = { name: 'c', ...container }
  return [{ metadata: { name: 'p', annotations }, spec: { containers: [own], ...spec } }, own]
}
const own = (securityContext: Container['securityContext']): Partial<Container> =>
  securityContext ? { securityContext } : {}

describe('the seccomp profile of a container', () => {
  const local = (localhostProfile: string) => ({ type: 'Localhost', localhostProfile })

  test.each<[string, Container['securityContext'], PodSpec['securityContext'], string | undefined]>([
    ['none by default', undefined, undefined, undefined],
    ['none where asked for', { seccompProfile: { type: 'Unconfined' } }, undefined, undefined],
    ['the engine’s', { seccompProfile: { type: 'RuntimeDefault' } }, undefined, 'builtin'],
    ['the pod’s', undefined, { seccompProfile: { type: 'RuntimeDefault' } }, 'builtin'],
    [
      'its own before the pod’s',
      { seccompProfile: { type: 'RuntimeDefault' } },
      { seccompProfile: { type: 'Unconfined' } },
      'builtin',
    ],
    [
      'one of the node',
      { seccompProfile: local('profiles/strict.json') },
      undefined,
      '{"defaultAction":"SCMP_ACT_ERRNO"}',
    ],
    ['none when privileged', { privileged: true, seccompProfile: local('nope.json') }, undefined, undefined],
  ])('is %s', async (_what, securityContext, shared, expected) => {
    const [pod, container] = podOf(own(securityContext), shared ? { securityContext: shared } : {})
    expect(await seccompOf(root, pod, container)).toBe(expected)
  })

  test.each<[string, { type: string; localhostProfile?: string }, RegExp]>([
    [
      'missing',
      local('nope.json'),
      /^cannot load seccomp profile ".*\/seccomp\/nope\.json": open .*: no such file or directory$/,
    ],
    ['a folder', local('profiles'), /^cannot load seccomp profile/],
    ['outside by ..', local('../outside.json'), /not beneath/],
    ['outside by .. further down', local('profiles/../../outside.json'), /not beneath/],
    ['outside by an absolute path', local('/etc/hostname'), /not beneath/],
    ['a word that the engine takes for none', local('text.json'), /not a JSON object/],
    ['such a word in quotes', local('word.json'), /not a JSON object/],
    ['null', local('null.json'), /not a JSON object/],
    ['an empty object, which means none', local('empty.json'), /defaultAction/],
    ['an empty file', local('nothing.json'), /not a JSON object/],
    ['not named', { type: 'Localhost' }, /localhostProfile must be set/],
    ['of an unknown type', { type: 'Localhots' }, /"Localhots" is not supported/],
    ['of no type', { type: '' }, /"" is not supported/],
  ])('that is %s starts nothing', async (_what, seccompProfile, message) => {
    const [pod, container] = podOf(own({ seccompProfile }))
    await expect(seccompOf(root, pod, container)).rejects.toThrow(message)
    const [podWide, plain] = podOf({}, { securityContext: { seccompProfile } })
    await expect(seccompOf(root, podWide, plain)).rejects.toThrow(message)
  })
})

describe('a setting that the node cannot enforce', () => {
  const annotation = 'container.apparmor.security.beta.kubernetes.io/c'
  const appArmor = 'Cannot enforce AppArmor: AppArmor is not enabled on the host'
  test.each<[string, Container['securityContext'], PodSpec['securityContext'], Record<string, string>, string]>([
    ['AppArmor', { appArmorProfile: { type: 'RuntimeDefault' } }, undefined, {}, appArmor],
    ['AppArmor', { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } }, undefined, {}, appArmor],
    ['AppArmor of the pod', undefined, { appArmorProfile: { type: 'RuntimeDefault' } }, {}, appArmor],
    ['AppArmor by annotation', undefined, undefined, { [annotation]: 'localhost/x' }, appArmor],
    [
      'AppArmor by annotation against the pod’s field',
      undefined,
      { appArmorProfile: { type: 'Unconfined' } },
      { [annotation]: 'runtime/default' },
      appArmor,
    ],
    ['AppArmor of an unknown type', { appArmorProfile: { type: 'Enforced' } }, undefined, {}, appArmor],
    ['procMount', { procMount: 'Unmasked' }, undefined, {}, 'procMount "Unmasked" is not supported in this node'],
    [
      'groups of an unknown policy',
      { runAsGroup: 1 },
      { supplementalGroupsPolicy: 'Stricter' },
      {},
      'SupplementalGroupsPolicy=Stricter is not supported in this node',
    ],
  ])('%s keeps the container from starting', (_what, securityContext, shared, annotations, message) => {
    const [pod, container] = podOf(own(securityContext), shared ? { securityContext: shared } : {}, annotations)
    expect(() => requireEnforceable(pod, container)).toThrow(message)
  })

  test.each<[string, Container['securityContext'], PodSpec['securityContext'], Record<string, string>]>([
    ['nothing asked for', undefined, undefined, {}],
    ['AppArmor unconfined', { appArmorProfile: { type: 'Unconfined' } }, undefined, {}],
    [
      'AppArmor unconfined, against the pod',
      { appArmorProfile: { type: 'Unconfined' } },
      { appArmorProfile: { type: 'RuntimeDefault' } },
      {},
    ],
    ['AppArmor unconfined by annotation', undefined, undefined, { [annotation]: 'unconfined' }],
    ['AppArmor of another container', undefined, undefined, { [`${annotation}2`]: 'localhost/x' }],
    ['the default procMount', { procMount: 'Default' }, undefined, {}],
    ['merged groups', undefined, { supplementalGroupsPolicy: 'Merge' }, {}],
    ['strict groups', undefined, { supplementalGroupsPolicy: 'Strict', runAsUser: 1000 }, {}],
    ['SELinux, which a node without it ignores', { seLinuxOptions: { level: 's0' } }, undefined, {}],
  ])('is not: %s', (_what, securityContext, shared, annotations) => {
    const [pod, container] = podOf(own(securityContext), shared ? { securityContext: shared } : {}, annotations)
    expect(() => requireEnforceable(pod, container)).not.toThrow()
  })
})

test.each<[string, Partial<PodSpec>, string | undefined, string | undefined]>([
  ['a plain pod', {}, undefined, undefined],
  ['the host’s users', { hostUsers: true }, undefined, undefined],
  ['a class of runc', {}, 'runc', undefined],
  [
    'a user namespace where there are none',
    { hostUsers: false },
    'runc',
    'RuntimeClass handler "runc" does not support user namespaces',
  ],
  ['a sandboxing runtime', {}, 'gvisor', 'failed to get sandbox runtime: no runtime for "gvisor" is configured'],
])('the sandbox of %s', (_what, spec, handler, message) => {
  const act = (): void => requireSandbox(podOf({}, spec)[0], { handler, hasUserNamespaces: false })
  if (message === undefined) expect(act).not.toThrow()
  else expect(act).toThrow(message)
})

test('a user namespace is given where the node has them, and /proc whole in it', () => {
  const [pod, container] = podOf(own({ procMount: 'Unmasked' }), { hostUsers: false })
  expect(() => requireSandbox(pod, { handler: undefined, hasUserNamespaces: true })).not.toThrow()
  expect(() => requireEnforceable(pod, container)).not.toThrow()
})
