import { onTestFinished } from 'vitest'
import type { Api, Wire } from './api.ts'
import { uniqueName } from './server.ts'

/**
 * Gives nodes an extended resource that no other test knows, so that pods compete for it and for nothing else. It goes
 * with the test.
 * @returns the resource's name
 */
export async function extendedResource(api: Api, nodes: readonly string[], amount: string): Promise<string> {
  const name = `example.com/${uniqueName('fake')}`
  const offer = (value: string | null) =>
    Promise.all(
      nodes.map((node) =>
        api.patch(`/api/v1/nodes/${node}/status`, {
          status: { capacity: { [name]: value }, allocatable: { [name]: value } },
        }),
      ),
    )
  onTestFinished(async () => void (await offer(null)))
  await offer(amount)
  return name
}

/** Names of the nodes. */
export async function nodeNames(api: Api): Promise<string[]> {
  const { items } = await api.get('/api/v1/nodes')
  return items.map(({ metadata }: Wire) => metadata.name)
}
