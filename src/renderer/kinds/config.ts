import type { ConfigMap, Lease, Secret, ServiceAccount } from '#shared/kube/generated/types.ts'
import { configMaps, leases, secrets, serviceAccounts } from '#shared/kube/resources.ts'
import { age, count, describe } from './descriptor.ts'

export const configMap = describe<ConfigMap>({
  resource: configMaps,
  title: 'ConfigMaps',
  group: 'Config',
  columns: [
    {
      id: 'data',
      title: 'Keys',
      value: ({ data, binaryData }) => count(data) + count(binaryData),
      numeric: true,
      width: '80px',
    },
    { id: 'names', title: 'Names', value: ({ data }) => Object.keys(data ?? {}).join(', ') },
  ],
})

export const secret = describe<Secret>({
  resource: secrets,
  title: 'Secrets',
  group: 'Config',
  columns: [
    { id: 'type', title: 'Type', value: ({ type }) => type ?? 'Opaque' },
    { id: 'data', title: 'Keys', value: ({ data }) => count(data), numeric: true, width: '80px' },
  ],
})

export const serviceAccount = describe<ServiceAccount>({
  resource: serviceAccounts,
  title: 'ServiceAccounts',
  group: 'Access',
  columns: [{ id: 'secrets', title: 'Secrets', value: ({ secrets: list }) => list?.length ?? 0, numeric: true }],
})

export const lease = describe<Lease>({
  resource: leases,
  title: 'Leases',
  group: 'Cluster',
  columns: [
    { id: 'holder', title: 'Holder', value: ({ spec }) => spec?.holderIdentity ?? '' },
    {
      id: 'renewed',
      title: 'Renewed',
      value: ({ spec }, now) => now - Date.parse(spec?.renewTime ?? ''),
      text: ({ spec }, now) => age(spec?.renewTime, now),
      width: '90px',
    },
  ],
})
