import type { Client } from '#shared/client/client.ts'
import { nodes } from '#shared/kube/resources.ts'

/** `status.volumesInUse` of this node: what the attach-detach controller must not detach. */
export interface VolumesInUse {
  /** Resolves when the API server knows. */
  add(name: string): Promise<void>
  remove(name: string): Promise<void>
}

/** @param present names of the volumes that are mounted already, as the agent starts */
export function createVolumesInUse({
  client,
  nodeName,
  present,
}: {
  client: Client
  nodeName: string
  present(): Promise<string[]>
}): VolumesInUse {
  let names: Set<string> | undefined
  let told: string | undefined
  let last: Promise<void> = Promise.resolve()

  async function tell(change: (names: Set<string>) => void): Promise<void> {
    names ??= new Set(await present())
    change(names)
    const volumesInUse = [...names].sort()
    const text = volumesInUse.join('\n')
    if (text === told) return
    await client.patch(
      nodes,
      { name: nodeName },
      { type: 'merge', body: { status: { volumesInUse } } },
      { subresource: 'status' },
    )
    told = text
  }
  const inTurn = (change: (names: Set<string>) => void): Promise<void> => {
    const turn = last.then(() => tell(change))
    last = turn.catch(() => undefined)
    return turn
  }
  return {
    add: (name) => inTurn((all) => void all.add(name)),
    remove: (name) => inTurn((all) => void all.delete(name)),
  }
}
