import type { CustomResourceDefinition, JSONSchemaProps, ValidationRule } from '#shared/kube/generated/types.ts'
import type { Named } from '#shared/kube/object.ts'
import { firstClassAnnotation, snapshotGroup } from '#shared/kube/snapshots.ts'

/** The definitions of the snapshot API, snapshot.storage.k8s.io/v1, which drivers elsewhere bring with them. */

type Schema = JSONSchemaProps
const text: Schema = { type: 'string' }
const flag: Schema = { type: 'boolean' }
const texts: Schema = { type: 'object', additionalProperties: text }
const policy: Schema = { type: 'string', enum: ['Delete', 'Retain'] }
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
})
const time: Schema = { type: 'string', format: 'date-time' }
const size: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  pattern: String.raw`^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`,
  'x-kubernetes-int-or-string': true,
}
const error = object({ message: text, time })
const oneOf = (first: string, second: string): ValidationRule[] => [
  { rule: `!has(oldSelf.${first}) || has(self.${first})`, message: `${first} is required once set` },
  { rule: `!has(oldSelf.${second}) || has(self.${second})`, message: `${second} is required once set` },
  {
    rule: `has(self.${first}) != has(self.${second})`,
    message: `exactly one of ${second} and ${first} must be set`,
  },
]
const immutable = (field: string): ValidationRule[] => [{ rule: 'self == oldSelf', message: `${field} is immutable` }]

const snapshot = object(
  {
    spec: object(
      {
        source: {
          ...object({
            persistentVolumeClaimName: { ...text, 'x-kubernetes-validations': immutable('persistentVolumeClaimName') },
            volumeSnapshotContentName: { ...text, 'x-kubernetes-validations': immutable('volumeSnapshotContentName') },
          }),
          'x-kubernetes-validations': oneOf('persistentVolumeClaimName', 'volumeSnapshotContentName'),
        },
        volumeSnapshotClassName: {
          ...text,
          'x-kubernetes-validations': [
            {
              rule: 'size(self) > 0',
              message: 'volumeSnapshotClassName must not be the empty string when set',
            },
          ],
        },
      },
      ['source'],
    ),
    status: object({
      boundVolumeSnapshotContentName: text,
      creationTime: time,
      error,
      readyToUse: flag,
      restoreSize: size,
      volumeGroupSnapshotName: text,
    }),
  },
  ['spec'],
)

const content = object(
  {
    spec: {
      ...object(
        {
          deletionPolicy: policy,
          driver: text,
          source: {
            ...object({
              snapshotHandle: { ...text, 'x-kubernetes-validations': immutable('snapshotHandle') },
              volumeHandle: { ...text, 'x-kubernetes-validations': immutable('volumeHandle') },
            }),
            'x-kubernetes-validations': oneOf('volumeHandle', 'snapshotHandle'),
          },
          sourceVolumeMode: text,
          volumeSnapshotClassName: text,
          volumeSnapshotRef: object({
            apiVersion: text,
            fieldPath: text,
            kind: text,
            name: text,
            namespace: text,
            resourceVersion: text,
            uid: text,
          }),
        },
        ['deletionPolicy', 'driver', 'source', 'volumeSnapshotRef'],
      ),
    },
    status: object({
      creationTime: { type: 'integer', format: 'int64' },
      error,
      readyToUse: flag,
      restoreSize: { type: 'integer', format: 'int64', minimum: 0 },
      snapshotHandle: text,
      volumeGroupSnapshotHandle: text,
    }),
  },
  ['spec'],
)

const snapshotClass = object({ deletionPolicy: policy, driver: text, parameters: texts }, ['deletionPolicy', 'driver'])

type Column = [name: string, jsonPath: string, type?: string]

function definition(
  kind: string,
  shortNames: string[],
  schema: Schema,
  {
    scope,
    columns,
    hasStatus = true,
    annotations = {},
  }: {
    scope: 'Namespaced' | 'Cluster'
    columns: Column[]
    hasStatus?: boolean
    annotations?: Record<string, string>
  },
): CustomResourceDefinition & Named {
  const singular = kind.toLowerCase()
  const plural = kind.endsWith('s') ? `${singular}es` : `${singular}s`
  return {
    metadata: {
      name: `${plural}.${snapshotGroup}`,
      // Without it the API server refuses a group of Kubernetes' own domain.
      annotations: {
        'api-approved.kubernetes.io': 'https://github.com/kubernetes-csi/external-snapshotter/pull/814',
        ...annotations,
      },
    },
    spec: {
      group: snapshotGroup,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames },
      scope,
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              ...schema,
              properties: { apiVersion: text, kind: text, metadata: { type: 'object' }, ...schema.properties },
            },
          },
          ...(hasStatus ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: columns.map(([name, jsonPath, type = 'string']) => ({ name, jsonPath, type })),
        },
      ],
    },
  }
}

const age: Column = ['Age', '.metadata.creationTimestamp', 'date']

export const snapshotDefinitions: readonly (CustomResourceDefinition & Named)[] = [
  definition('VolumeSnapshot', ['vs'], snapshot, {
    scope: 'Namespaced',
    columns: [
      ['ReadyToUse', '.status.readyToUse', 'boolean'],
      ['SourcePVC', '.spec.source.persistentVolumeClaimName'],
      ['SourceSnapshotContent', '.spec.source.volumeSnapshotContentName'],
      ['RestoreSize', '.status.restoreSize'],
      ['SnapshotClass', '.spec.volumeSnapshotClassName'],
      ['SnapshotContent', '.status.boundVolumeSnapshotContentName'],
      ['CreationTime', '.status.creationTime', 'date'],
      age,
    ],
  }),
  definition('VolumeSnapshotContent', ['vsc', 'vscs'], content, {
    scope: 'Cluster',
    columns: [
      ['ReadyToUse', '.status.readyToUse', 'boolean'],
      ['RestoreSize', '.status.restoreSize', 'integer'],
      ['DeletionPolicy', '.spec.deletionPolicy'],
      ['Driver', '.spec.driver'],
      ['VolumeSnapshotClass', '.spec.volumeSnapshotClassName'],
      ['VolumeSnapshot', '.spec.volumeSnapshotRef.name'],
      ['VolumeSnapshotNamespace', '.spec.volumeSnapshotRef.namespace'],
      age,
    ],
  }),
  definition('VolumeSnapshotClass', ['vsclass', 'vsclasses'], snapshotClass, {
    scope: 'Cluster',
    hasStatus: false,
    annotations: { [firstClassAnnotation]: 'wanted' },
    columns: [['Driver', '.driver'], ['DeletionPolicy', '.deletionPolicy'], age],
  }),
]
