import type { Stored } from '#shared/kube/object.ts'

/** Returns the newest of the classes that an annotation marks as default; ties are resolved by name. */
export function newestDefault<T extends Stored>(classes: readonly T[], annotation: string): T | undefined {
  const made = ({ metadata }: T): string => metadata.creationTimestamp ?? ''
  const name = ({ metadata }: T): string => metadata.name
  return classes
    .filter(({ metadata }) => metadata.annotations?.[annotation] === 'true')
    .sort((a, b) => made(b).localeCompare(made(a)) || name(a).localeCompare(name(b)))[0]
}
