import type { KindDeclaration } from '../api/kind.ts'

/** Kinds that are evaluated, not stored: see `access-reviews.ts` and `identity-reviews.ts`. */
export const reviewKinds: readonly KindDeclaration[] = [
  review('authentication.k8s.io', 'SelfSubjectReview'),
  review('authentication.k8s.io', 'TokenReview'),
  review('authorization.k8s.io', 'LocalSubjectAccessReview', true),
  review('authorization.k8s.io', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'SelfSubjectRulesReview'),
  review('authorization.k8s.io', 'SubjectAccessReview'),
]

function review(group: string, kind: string, namespaced = false): KindDeclaration {
  const singular = kind.toLowerCase()
  return {
    group,
    version: 'v1',
    kind,
    plural: `${singular}s`,
    singular,
    namespaced,
    schema: `io.k8s.api.${group.split('.')[0] ?? ''}.v1.${kind}`,
    verbs: ['create'],
    columns: [],
  }
}
