import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { simulatedServer } from '../support/server.ts'
import { podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

const count = 400
const nameOf = (index: number): string => `template-${String(index).padStart(4, '0')}`
const allNames = Array.from({ length: count }, (_, index) => nameOf(index))

async function templates(): Promise<string> {
  const path = `/api/v1/namespaces/${await namespace()}/podtemplates`
  const queue = [...allNames]
  const make = async (): Promise<void> => {
    for (let name = queue.pop(); name !== undefined; name = queue.pop())
      await api.create(path, { metadata: { name }, template: podWith({ app: name }) })
  }
  await Promise.all(Array.from({ length: 8 }, make))
  return path
}

const namesOf = (list: Wire): string[] => list.items.map(({ metadata }: Wire) => metadata.name)

/** Reads page by page; each says how many are left, and is of the first one's version. */
async function restOf(path: string, limit: number, token: string, resourceVersion: string, before: number) {
  const names: string[] = []
  for (let next: string | undefined = token; next;) {
    const list: Wire = await api.get(path, { limit, continue: next })
    expect(list.items.length).toBeLessThanOrEqual(limit)
    names.push(...namesOf(list))
    expect(list.metadata.resourceVersion).toBe(resourceVersion)
    const left = count - before - names.length
    expect(list.metadata.remainingItemCount).toBe(left === 0 ? undefined : left)
    next = list.metadata.continue
  }
  return names
}

test('[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls [Conformance]', async () => {
  const path = await templates()
  for (const limit of [1 + Math.floor(count / 17), 150, count]) {
    const first = await api.get(path, { limit })
    expect(first.items).toHaveLength(limit)
    expect(first.metadata.remainingItemCount).toBe(limit === count ? undefined : count - limit)
    const { continue: token = '', resourceVersion } = first.metadata
    const rest = await restOf(path, limit, token, resourceVersion, limit)
    expect([...namesOf(first), ...rest]).toEqual(allNames)
  }
  const whole = await api.get(path, { limit: 0 })
  expect(namesOf(whole)).toEqual(allNames)
  expect(whole.metadata.continue).toBeUndefined()
})

test('[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow] [Conformance]', async () => {
  const path = await templates()
  const limit = 40
  const first = await api.get(path, { limit })
  expect(first.metadata.remainingItemCount).toBe(count - limit)
  const fresh = await tokenOnceExpired(path, limit, first.metadata.continue)

  const second = await api.get(path, { limit, continue: fresh })
  expect(second.items).toHaveLength(limit)
  expect(namesOf(second)[0]).toBe(nameOf(limit))
  expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion)
  expect(second.metadata.remainingItemCount).toBe(count - 2 * limit)
  const { continue: token, resourceVersion } = second.metadata
  const rest = await restOf(path, limit, token, resourceVersion, 2 * limit)
  expect([...namesOf(first), ...namesOf(second), ...rest]).toEqual(allNames)
}, 900_000)

/** Asks for the second page until it is refused as too old. The past is forgotten as it grows, so the test writes on. */
async function tokenOnceExpired(path: string, limit: number, token: string): Promise<string> {
  for (let round = 0; ; round++) {
    const answer = await api.ask('GET', path, { query: { limit, continue: token } })
    if (answer.status === 410) {
      expect(answer.json).toMatchObject({ reason: 'Expired', metadata: { continue: expect.any(String) } })
      expect(answer.json.metadata.continue).not.toBe(token)
      return answer.json.metadata.continue
    }
    expect(answer.status).toBe(200)
    const at = `${path}/${nameOf(0)}`
    const write = (index: number): Promise<Wire> =>
      api.patch(at, { metadata: { annotations: { written: `${round}-${index}` } } })
    await Promise.all(Array.from({ length: 100 }, (_, index) => write(index)))
  }
}
