import { expect, it } from 'vitest'
import type { ApiRequest, Transport } from './transport.ts'
import { failure } from '../kube/status.ts'
import { createApplier } from './applier.ts'

/** A cluster that begins to serve Ships at the given look at its discovery. */
function cluster(servesAt: number): { transport: Transport; asked: string[] } {
  const asked: string[] = []
  let looks = 0
  const transport: Transport = {
    async request({ method, path, body }: ApiRequest) {
      asked.push(`${method} ${path.split('?')[0] ?? ''}`)
      if (path === '/apis/sea.example.com/v1') {
        if (++looks < servesAt) throw failure(404, 'NotFound', 'no such path')
        return { resources: [{ name: 'ships', kind: 'Ship', namespaced: true }] }
      }
      if (method === 'GET') throw failure(404, 'NotFound', 'no such ship')
      return { ...(body as object), metadata: { name: 'made', resourceVersion: '1' } }
    },
    watch: () => () => undefined,
  }
  return { transport, asked }
}

const ship = (metadata: object) => ({ apiVersion: 'sea.example.com/v1', kind: 'Ship', metadata })

it('applies what has a name, and creates what has but the beginning of one', async () => {
  const { transport, asked } = cluster(1)
  const applier = createApplier({ transport })
  await applier.apply(ship({ name: 'a' }), { namespace: 'port' })
  expect(asked.at(-1)).toBe('PATCH /apis/sea.example.com/v1/namespaces/port/ships/a')
  const { outcome } = await applier.apply(ship({ generateName: 'a-' }), { namespace: 'port' })
  expect(outcome).toBe('created')
  expect(asked.at(-1)).toBe('POST /apis/sea.example.com/v1/namespaces/port/ships')
})

it('waits for a kind whose definition was just deployed, and for no other', async () => {
  const soon = createApplier({ transport: cluster(3).transport })
  const { outcome } = await soon.apply(ship({ name: 'a' }), {
    namespace: 'port',
    defined: new Set(['sea.example.com']),
  })
  expect(outcome).toBe('created')
  const never = createApplier({ transport: cluster(3).transport })
  await expect(never.apply(ship({ name: 'a' }), { namespace: 'port' })).rejects.toThrow(
    'this cluster serves no Ship of sea.example.com/v1',
  )
})
