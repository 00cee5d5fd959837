import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import type { Named } from '#shared/kube/object.ts'
import { object, type DefinitionOptions } from './schema.ts'

/** The release of the Gateway API whose fields the schemas have; tools read it in this annotation. */
const bundleVersion = 'v1.5.0'

/** A definition of gateway.networking.k8s.io; all its versions have one schema. */
export function definition({
  kind,
  plural,
  shortNames,
  scope,
  versions,
  columns = [],
  description,
  spec,
  status,
  statusDefault,
}: DefinitionOptions): CustomResourceDefinition & Named {
  const [stored] = versions
  const schema = object(
    {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec,
      ...(status ? { status: { ...status, ...(statusDefault === undefined ? {} : { default: statusDefault }) } } : {}),
    },
    { description, ...(status ? { required: ['spec'] } : {}) },
  )
  return {
    metadata: {
      name: `${plural}.gateway.networking.k8s.io`,
      annotations: {
        'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/4530',
        'gateway.networking.k8s.io/bundle-version': bundleVersion,
        'gateway.networking.k8s.io/channel': 'standard',
      },
    },
    spec: {
      group: 'gateway.networking.k8s.io',
      scope,
      names: {
        kind,
        plural,
        singular: kind.toLowerCase(),
        listKind: `${kind}List`,
        categories: ['gateway-api'],
        ...(shortNames ? { shortNames } : {}),
      },
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === stored,
        schema: { openAPIV3Schema: schema },
        ...(status ? { subresources: { status: {} } } : {}),
        additionalPrinterColumns: [
          ...columns.filter(({ priority }) => priority === undefined),
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ...columns.filter(({ priority }) => priority !== undefined),
        ],
      })),
    },
  }
}
