import { expect, it } from 'vitest'
import { deployments, namespaces, nodes, pods } from '#shared/kube/resources.ts'
import { stored } from '#test/support/stored.ts'
import { promoteRoute } from './link.ts'

const object = (name: string, namespace?: string, more: object = {}) =>
  stored({ metadata: { name, uid: name, ...(namespace ? { namespace } : {}), ...more } })
const page = { name: 'promote', params: { context: 'local:dev', namespace: 'shop' } }

it('leads to a namespace, or to objects of one', () => {
  expect(promoteRoute('local:dev', namespaces, [object('shop')])).toEqual(page)
  expect(promoteRoute('local:dev', deployments, [object('web', 'shop'), object('cart', 'shop')])).toEqual({
    ...page,
    query: { objects: 'deployments/web,deployments/cart' },
  })
})

it('leads nowhere with objects of several namespaces, of the cluster, or of a controller', () => {
  expect(promoteRoute('local:dev', deployments, [object('web', 'shop'), object('web', 'test')])).toBeUndefined()
  expect(promoteRoute('local:dev', nodes, [object('worker')])).toBeUndefined()
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'x' }]
  expect(promoteRoute('local:dev', pods, [object('web-1', 'shop', { ownerReferences })])).toBeUndefined()
})
