import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { about } from '../texts/en/about.ts'
import type { TextKey } from '../texts/index.ts'
import { isOfKubernetes } from './catalogue.ts'

/** The text that says what a kind of Kubernetes is; `undefined` for others, some of which have the same names. */
export const aboutKind = ({ group, kind }: Pick<Resource, 'group' | 'kind'>): TextKey | undefined =>
  isOfKubernetes(group) && isAbout(kind) ? `about.${kind}` : undefined
const isAbout = (kind: string): kind is keyof typeof about => Object.hasOwn(about, kind)

/** The first paragraph of what the definition of a kind says about it; empty where it says nothing. */
export function descriptionOf({ spec }: CustomResourceDefinition, { version }: Resource): string {
  const found = spec.versions.find(({ name }) => name === version) ?? spec.versions[0]
  const [first = ''] = (found?.schema?.openAPIV3Schema?.description ?? '').trim().split(/\n\s*\n/)
  return first.replaceAll(/\s+/g, ' ')
}
