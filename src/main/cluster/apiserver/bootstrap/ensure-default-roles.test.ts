import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterRoleBindings, clusterRoles, namespaces } from '#shared/kube/resources.ts'
import { kinds } from '../kinds/index.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { defaultRoles } from '../auth/default-roles.ts'
import { ensureDefaultRoles } from './ensure-default-roles.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startApiServer({ kinds })
  await api.client.create(namespaces, { metadata: { name: 'kube-system' } })
  await ensureDefaultRoles({ client: api.client })
})
afterAll(() => api.stop())

const view = () => api.client.get(clusterRoles, { name: 'view' })

describe('the default roles', () => {
  it('pass validation and are all there', async () => {
    const wanted = defaultRoles()
    expect((await api.client.list(clusterRoles)).items).toHaveLength(wanted.clusterRoles.length)
    expect((await api.client.list(clusterRoleBindings)).items).toHaveLength(wanted.clusterRoleBindings.length)
  })

  it('are left as they are at the next start', async () => {
    const before = (await view()).metadata.resourceVersion
    await ensureDefaultRoles({ client: api.client })
    expect((await view()).metadata.resourceVersion).toBe(before)
  })

  it('get back the rules and subjects that they lack, and keep what was added', async () => {
    const extra = { verbs: ['get'], apiGroups: ['example.com'], resources: ['things'] }
    const role = await view()
    await api.client.update(clusterRoles, { ...role, rules: [extra] })
    const binding = await api.client.get(clusterRoleBindings, { name: 'system:discovery' })
    await api.client.update(clusterRoleBindings, { ...binding, subjects: [] })
    await ensureDefaultRoles({ client: api.client })
    const rules = (await view()).rules ?? []
    expect(rules[0]).toEqual(extra)
    expect(rules.length).toBeGreaterThan(1)
    expect((await api.client.get(clusterRoleBindings, { name: 'system:discovery' })).subjects).toHaveLength(1)
  })

  it('of an earlier version get the annotation’s name, and what they lack', async () => {
    const role = await view()
    const annotations = { 'rbac.authorization.k8s.io/autoupdate': 'true', own: 'x' }
    await api.client.update(clusterRoles, { ...role, metadata: { ...role.metadata, annotations }, rules: [] })
    await ensureDefaultRoles({ client: api.client })
    const { metadata, rules } = await view()
    expect(metadata.annotations).toEqual({ 'rbac.authorization.kubernetes.io/autoupdate': 'true', own: 'x' })
    expect(rules?.length).toBeGreaterThan(0)
  })

  it('are their owner’s own where autoupdate is off', async () => {
    const role = await view()
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' }
    await api.client.update(clusterRoles, { ...role, metadata: { ...role.metadata, annotations }, rules: [] })
    await ensureDefaultRoles({ client: api.client })
    expect((await view()).rules ?? []).toEqual([])
  })
})
