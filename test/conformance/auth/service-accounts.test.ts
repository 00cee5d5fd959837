import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { programPod } from '../support/pod-server.ts'
import { serverWithWorkers, uniqueName } from '../support/server.ts'
import { busybox, hasEnded, podUntil } from '../support/workloads.ts'

const { api, namespace: newNamespace } = await serverWithWorkers()

const tokenFolder = '/var/run/secrets/kubernetes.io/serviceaccount'
const place = async (): Promise<string> => `/api/v1/namespaces/${await newNamespace()}`

/** Runs a pod to its end, which must be good. @returns its containers' logs by name */
async function run(root: string, name: string, spec: object): Promise<Record<string, string>> {
  await api.create(`${root}/pods`, { metadata: { name }, spec: { restartPolicy: 'Never', ...spec } })
  const pod = await podUntil(api, `${root}/pods/${name}`, hasEnded)
  const logs: Record<string, string> = {}
  for (const { name: container } of pod.spec.containers)
    logs[container] = (await api.ask('GET', `${root}/pods/${name}/log`, { query: { container } })).text
  expect([pod.status.phase, JSON.stringify(logs)]).toEqual(['Succeeded', expect.any(String)])
  return logs
}
const container = (name: string, ...command: string[]): object => ({ name, image: busybox, command })

test('[sig-auth] ServiceAccounts should mount an API token into pods [Conformance]', async () => {
  const root = await place()
  await api.create(`${root}/serviceaccounts`, { metadata: { name: 'mounted' } })
  const logs = await run(root, 'reader', {
    serviceAccountName: 'mounted',
    containers: [
      container('token', 'cat', `${tokenFolder}/token`),
      container('root-ca', 'cat', `${tokenFolder}/ca.crt`),
      container('namespace', 'cat', `${tokenFolder}/namespace`),
    ],
  })
  const namespace = root.split('/').pop()
  expect(logs['namespace']).toBe(namespace)
  expect(logs['root-ca']).toBe((await api.get(`${root}/configmaps/kube-root-ca.crt`)).data['ca.crt'])
  const review = await api.create('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: logs['token'] },
  })
  expect(review.status).toMatchObject({
    authenticated: true,
    user: {
      username: `system:serviceaccount:${namespace}:mounted`,
      groups: expect.arrayContaining(['system:serviceaccounts', `system:serviceaccounts:${namespace}`]),
      extra: { 'authentication.kubernetes.io/pod-name': ['reader'] },
    },
  })
})

test('[sig-auth] ServiceAccounts should allow opting out of API token automount [Conformance]', async () => {
  const root = await place()
  const choices = { unset: undefined, on: true, off: false }
  for (const [name, automountServiceAccountToken] of Object.entries(choices))
    await api.create(`${root}/serviceaccounts`, { metadata: { name }, automountServiceAccountToken })
  const cases = Object.entries(choices).flatMap(([pod, mount]) =>
    Object.entries(choices).map(([account, byAccount]) => ({
      pod,
      account,
      mount,
      mounted: mount ?? byAccount ?? true,
    })),
  )
  await Promise.all(
    cases.map(async ({ pod, account, mount, mounted }) => {
      const name = `pod-${pod}-account-${account}`
      const look = mounted ? `test -s ${tokenFolder}/token` : `test ! -e ${tokenFolder}`
      await run(root, name, {
        serviceAccountName: account,
        automountServiceAccountToken: mount,
        containers: [container('look', 'sh', '-c', look)],
      })
      const { spec } = await api.get(`${root}/pods/${name}`)
      const mounts = (spec.containers[0].volumeMounts ?? []).map(({ mountPath }: Wire) => mountPath)
      expect([name, mounts.includes(tokenFolder)]).toEqual([name, mounted])
    }),
  )
})

test('[sig-auth] ServiceAccounts should mount projected service account token [Conformance]', async () => {
  const root = await place()
  const { log = '' } = await run(root, 'projected', {
    automountServiceAccountToken: false,
    containers: [
      {
        ...container('log', 'cat', '/own/token'),
        volumeMounts: [{ name: 'token', mountPath: '/own' }],
      },
    ],
    volumes: [
      {
        name: 'token',
        projected: {
          sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 7200 } }],
        },
      },
    ],
  })
  const claims = JSON.parse(Buffer.from(log.split('.')[1] ?? '', 'base64url').toString())
  expect(claims.aud).toEqual(['vault'])
  expect(claims.exp - claims.iat).toBe(7200)
  expect(claims['kubernetes.io'].pod.name).toBe('projected')
})

test('[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer [Conformance]', async () => {
  const root = await place()
  const { metadata, spec } = await programPod(api, root, { name: 'verifier', mode: 'verify-token' })
  const { server = '' } = await run(root, metadata.name, {
    ...spec,
    volumes: [
      ...spec.volumes,
      {
        name: 'token',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token', audience: 'oidc-discovery-test', expirationSeconds: 3600 } },
          ],
        },
      },
    ],
    containers: [
      {
        ...spec.containers[0],
        volumeMounts: [...spec.containers[0].volumeMounts, { name: 'token', mountPath: '/srv/token' }],
      },
    ],
  })
  expect(JSON.parse(server)).toMatchObject({
    verified: true,
    aud: ['oidc-discovery-test'],
    sub: `system:serviceaccount:${root.split('/').pop()}:default`,
  })
})

test('[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace [Conformance]', async () => {
  const at = `${await place()}/configmaps/kube-root-ca.crt`
  const made = await eventually('the root certificate is there', () => api.get(at))
  expect(made.data['ca.crt']).toContain('BEGIN CERTIFICATE')
  await api.delete(at)
  const again = await eventually('it is made again', async () => {
    const found = await api.get(at)
    return found.metadata.uid !== made.metadata.uid && found
  })
  expect(again.data).toEqual(made.data)
  await api.change(at, (object) => (object.data = { 'ca.crt': '' }))
  await eventually('it is put right', async () => (await api.get(at)).data['ca.crt'] === made.data['ca.crt'])
})

test('[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]', async () => {
  const path = `${await place()}/serviceaccounts`
  const label = uniqueName('account')
  const mine = { labelSelector: `case=${label}` }
  const watching = await api.watch(path, mine)
  await api.create(path, { metadata: { name: 'life', labels: { case: label } } })
  expect((await watching.next()).type).toBe('ADDED')
  const patch = { automountServiceAccountToken: false }
  expect(await api.patch(`${path}/life`, patch, 'strategic')).toMatchObject(patch)
  expect(await watching.next()).toMatchObject({ type: 'MODIFIED', object: patch })
  expect((await api.get('/api/v1/serviceaccounts', mine)).items).toEqual([expect.objectContaining(patch)])
  await api.delete(path, undefined, mine)
  expect((await watching.until(({ type }) => type === 'DELETED')).object.metadata.name).toBe('life')
})

test('[sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]', async () => {
  const path = `${await place()}/serviceaccounts`
  await api.create(path, { metadata: { name: 'updated' } })
  const updated = await api.change(`${path}/updated`, (object) => (object.automountServiceAccountToken = true))
  expect(updated.automountServiceAccountToken).toBe(true)
  expect((await api.get(`${path}/updated`)).automountServiceAccountToken).toBe(true)
})

test('[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview [Conformance]', async () => {
  const root = await place()
  await api.create(`${root}/serviceaccounts`, { metadata: { name: 'token' } })
  const request = await api.create(`${root}/serviceaccounts/token/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [] },
  })
  expect(request.status.token).not.toBe('')
  const review = await api.create('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: request.status.token },
  })
  expect(review.status.error ?? '').toBe('')
  expect(review.status).toMatchObject({
    authenticated: true,
    user: { username: `system:serviceaccount:${root.split('/').pop()}:token` },
  })
})

test('[sig-auth] SubjectReview should support SubjectReview API operations [Conformance]', async () => {
  const root = await place()
  const namespace = root.split('/').pop() ?? ''
  await api.create(`${root}/serviceaccounts`, { metadata: { name: 'asked' } })
  const user = `system:serviceaccount:${namespace}:asked`
  const spec = {
    user,
    resourceAttributes: { verb: 'list', group: '', version: 'v1', resource: 'configmaps', namespace },
  }
  const reviews = [
    ['SubjectAccessReview', '/apis/authorization.k8s.io/v1/subjectaccessreviews'],
    ['LocalSubjectAccessReview', `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`],
  ] as const
  const impersonated = async (): Promise<boolean> => {
    const { status } = await api.as({ impersonate: user }).ask('GET', `${root}/configmaps`)
    return status === 200
  }
  const expectAllowed = async (allowed: boolean): Promise<void> => {
    expect(await impersonated()).toBe(allowed)
    for (const [kind, path] of reviews) {
      const body = { apiVersion: 'authorization.k8s.io/v1', kind, metadata: { namespace }, spec }
      expect((await api.create(path, body)).status.allowed).toBe(allowed)
    }
  }
  await expectAllowed(false)
  await api.create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
    metadata: { name: 'asked' },
    subjects: [{ kind: 'ServiceAccount', name: 'asked', namespace }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  })
  await eventually('the binding is in force', impersonated)
  await expectAllowed(true)
})
