import { VersionApi } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { simulatedServer } from '../support/server.ts'

const { api, config } = await simulatedServer()

interface ApiGroup {
  name: string
  versions: { groupVersion: string; version: string }[]
  preferredVersion: { groupVersion: string; version: string }
}

test('[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup [Conformance]', async () => {
  const { groups } = (await api.get('/apis')) as { groups: ApiGroup[] }
  expect(groups.length).toBeGreaterThan(10)
  for (const listed of groups.filter(({ name }) => !name.endsWith('.example.com'))) {
    const group = (await api.get(`/apis/${listed.name}`)) as ApiGroup
    expect(group.preferredVersion.version).not.toBe('')
    expect(group.versions).toContainEqual(group.preferredVersion)
    expect(listed.preferredVersion).toEqual(group.preferredVersion)
  }
})

test('[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]', async () => {
  const { groups } = (await api.get('/apis')) as { groups: ApiGroup[] }
  const known: Record<string, string> = {
    'admissionregistration.k8s.io': 'validatingwebhookconfigurations',
    'apiextensions.k8s.io': 'customresourcedefinitions',
    'apiregistration.k8s.io': 'apiservices',
    apps: 'deployments',
    'authentication.k8s.io': 'tokenreviews',
    'authorization.k8s.io': 'subjectaccessreviews',
    autoscaling: 'horizontalpodautoscalers',
    batch: 'jobs',
    'certificates.k8s.io': 'certificatesigningrequests',
    'coordination.k8s.io': 'leases',
    'discovery.k8s.io': 'endpointslices',
    'events.k8s.io': 'events',
    'networking.k8s.io': 'ingresses',
    'node.k8s.io': 'runtimeclasses',
    policy: 'poddisruptionbudgets',
    'rbac.authorization.k8s.io': 'roles',
    'scheduling.k8s.io': 'priorityclasses',
    'storage.k8s.io': 'storageclasses',
  }
  expect(groups.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(known)))
  for (const { name, versions } of groups.filter(({ name }) => name in known)) {
    for (const { groupVersion } of versions.filter(({ version }) => version === 'v1')) {
      const list = await api.get(`/apis/${groupVersion}`)
      expect(list).toMatchObject({ kind: 'APIResourceList', groupVersion })
      expect(list.resources.map((resource: { name: string }) => resource.name)).toContain(known[name])
    }
  }
})

test('[sig-api-machinery] server version should find the server version [Conformance]', async () => {
  const version = await config.makeApiClient(VersionApi).getCode()
  expect(version.major).toMatch(/^\d+$/)
  expect(version.minor).toMatch(/^\d+$/)
})

test('[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata [Conformance]', async () => {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { namespace: 'default', verb: 'get', resource: 'pods' } },
  }
  const answer = await api.ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    body: review,
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  })
  expect(answer.status).toBe(406)
  expect(answer.json).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'NotAcceptable', code: 406 })
})
