import { describe, expect, it } from 'vitest'
import type { FieldError } from '#shared/kube/status.ts'
import { checkVolumes } from './volumes.ts'
import { checkVolumeSpec } from './persistent-volumes.ts'

const texts = (errors: readonly FieldError[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`)

function volumeFindings(source: Record<string, unknown>): string[] {
  const errors: FieldError[] = []
  const spec = { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...source }
  checkVolumeSpec(spec, 'spec', false, errors)
  return texts(errors)
}

describe('the source of a PersistentVolume', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['a valid driver', { csi: { driver: 'D.example.com', volumeHandle: 'h' } }, []],
    [
      'a driver with a bad secret',
      { csi: { driver: 'd', volumeHandle: '', nodePublishSecretRef: { name: 'a' } } },
      ['spec.csi.volumeHandle: Required value', 'spec.csi.nodePublishSecretRef.namespace: Required value'],
    ],
    [
      'a registry that is no host and port',
      { quobyte: { registry: 'abc', volume: 'v' } },
      ['spec.quobyte.registry: Invalid value: "abc": must be a host:port pair or multiple pairs separated by commas'],
    ],
    [
      'an initiator of iSCSI',
      { iscsi: { targetPortal: 'p', iqn: 'iqn.2020-01.com.example:t', lun: 300, initiatorName: 'x' } },
      [
        'spec.iscsi.lun: Invalid value: 300: must be between 0 and 255, inclusive',
        'spec.iscsi.initiatorname: Invalid value: "x": must be valid format',
      ],
    ],
    [
      'neither a dataset nor its UUID',
      { flocker: {} },
      ['spec.flocker: Required value: one of datasetName and datasetUUID is required'],
    ],
    [
      'a managed disk with the address of another',
      { azureDisk: { diskName: 'd', diskURI: 'https://x', kind: 'Managed' } },
      [
        'spec.azureDisk.diskURI: Unsupported value: "https://x": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
      ],
    ],
  ])('with %s', (_, source, expected) => {
    expect(volumeFindings(source)).toEqual(expected)
  })

  it('is looked at in Kubernetes’ order, whatever the order of the fields', () => {
    expect(volumeFindings({ csi: {}, nfs: { server: 's', path: '/p' } })).toEqual([
      'spec.csi: Forbidden: may not specify more than 1 volume type',
    ])
  })

  it('is all that a volume of an attachment describes', () => {
    const errors: FieldError[] = []
    checkVolumeSpec(
      { accessModes: ['ReadWriteOnce'], volumeMode: 'Block', nfs: { server: 's', path: '/p' } },
      'f',
      true,
      errors,
    )
    expect(texts(errors)).toEqual(['f.volumeMode: Forbidden: may not be specified in the context of inline volumes'])
  })
})

it('Only valid volumes of a pod can be mounted', () => {
  const errors: FieldError[] = []
  expect([
    ...checkVolumes(
      [
        { name: 'a', emptyDir: {} },
        { name: 'b', emptyDir: {}, cephfs: {} },
      ],
      'spec.volumes',
      errors,
    ),
  ]).toEqual(['a'])
  expect(texts(errors)).toEqual(['spec.volumes[1].cephFS: Forbidden: may not specify more than 1 volume type'])
})
