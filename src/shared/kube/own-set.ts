import type { KubeObject } from './object.ts'

/** What the objects of a text bring into being for one another. */
export interface OwnSet {
  /** Whether a definition of the text makes this kind. */
  defines(object: KubeObject): boolean
  /** Kind and name of an object of the text that a server's message names as missing; none = it is really missing. */
  brings(message: string): string | undefined
}

export function ownSet(objects: readonly KubeObject[]): OwnSet {
  const kinds = new Set(
    objects.flatMap((object) => {
      if (object.kind !== 'CustomResourceDefinition') return []
      const { group = '', names, versions = [] } = (object as Definition).spec ?? {}
      return versions.map(({ name = '' }) => `${group}/${name}/${names?.kind ?? ''}`)
    }),
  )
  return {
    defines: ({ apiVersion = '', kind = '' }) => kinds.has(`${apiVersion}/${kind}`),
    brings(message) {
      const found = objects.find(({ kind = '', metadata }) => {
        const { name } = metadata
        if (!name || !needed.includes(kind)) return false
        const says = message.toLowerCase()
        return (
          says.includes(kind.toLowerCase()) &&
          / not found|was found|no .* with name/.test(says) &&
          mentions(message, name)
        )
      })
      return found && `${found.kind ?? ''} ${found.metadata.name ?? ''}`
    },
  }
}

/** Kinds that must be there for others to be admitted: the admission of pods asks for them. */
const needed = ['ServiceAccount', 'PriorityClass', 'RuntimeClass', 'StorageClass', 'IngressClass']

const mentions = (message: string, name: string): boolean =>
  message.split(/[^\w.-]+/).some((word) => word === name || word.endsWith(`/${name}`))

type Definition = KubeObject & {
  spec?: { group?: string; names?: { kind?: string }; versions?: { name?: string }[] }
}
