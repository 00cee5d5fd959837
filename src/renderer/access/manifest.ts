import { stringify } from 'yaml'
import type { PolicyRule } from '#shared/kube/generated/types.ts'
import type { Subject } from './rights.ts'
import type { Change } from './why.ts'

const group = 'rbac.authorization.k8s.io'

/** The rules of a role as YAML. */
export const rulesText = (rules: readonly PolicyRule[]): string =>
  rules.length === 0 ? '' : stringify({ rules }, { lineWidth: 0, version: '1.1' })

/** What has to be applied for a change: the role as it would be, and the binding where it is new. */
export function changeManifest({ role, after, binding }: Change, subject: Subject): string {
  const metadata = (name: string, namespace: string | undefined): object => ({
    name,
    ...(namespace === undefined ? {} : { namespace }),
  })
  const documents: object[] = [
    {
      apiVersion: `${group}/v1`,
      kind: role.kind,
      metadata: metadata(role.name, role.namespace),
      rules: after,
    },
  ]
  if (binding)
    documents.push({
      apiVersion: `${group}/v1`,
      kind: binding.kind,
      metadata: metadata(binding.name, binding.namespace),
      roleRef: { apiGroup: group, kind: role.kind, name: role.name },
      subjects: [
        subject.kind === 'ServiceAccount'
          ? { kind: subject.kind, name: subject.name, namespace: subject.namespace }
          : { apiGroup: group, kind: subject.kind, name: subject.name },
      ],
    })
  return documents.map((each) => stringify(each, { lineWidth: 0, version: '1.1' })).join('---\n')
}
