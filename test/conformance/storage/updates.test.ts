import { describe, test } from 'vitest'
import { volumePods } from './volume-pods.ts'

/** Volumes follow their ConfigMaps and Secrets while their pods run. */

const pods = await volumePods()

interface Family {
  name: string
  resource: 'configmaps' | 'secrets'
  volume(name: string, optional?: boolean): object
}

const families: Family[] = [
  { name: 'ConfigMap', resource: 'configmaps', volume: (name, optional) => ({ configMap: { name, optional } }) },
  {
    name: 'Projected configMap',
    resource: 'configmaps',
    volume: (name, optional) => ({ projected: { sources: [{ configMap: { name, optional } }] } }),
  },
  { name: 'Secrets', resource: 'secrets', volume: (secretName, optional) => ({ secret: { secretName, optional } }) },
  {
    name: 'Projected secret',
    resource: 'secrets',
    volume: (name, optional) => ({ projected: { sources: [{ secret: { name, optional } }] } }),
  },
]

describe.concurrent.each(families)('$name', ({ name, resource, volume }) => {
  const make = (value: string): Promise<string> =>
    resource === 'configmaps' ? pods.configMap({ 'data-1': value }) : pods.secret({ 'data-1': value })
  const field = resource === 'configmaps' ? 'data' : 'stringData'
  const set = (object: string, value: string): Promise<unknown> =>
    pods.api.patch(`${pods.core}/${resource}/${object}`, { [field]: { 'data-1': value } })

  if (resource === 'configmaps')
    test(`[sig-storage] ${name} updates should be reflected in volume [NodeConformance] [Conformance]`, async () => {
      const object = await make('value-1')
      const pod = await pods.repeat('cat /v/f/data-1; echo', { f: volume(object) })
      await pods.logHolds(pod, 'value-1')
      await set(object, 'value-2')
      await pods.logHolds(pod, 'value-2')
    })

  test(`[sig-storage] ${name} optional updates should be reflected in volume [NodeConformance] [Conformance]`, async () => {
    const [removed, updated] = await Promise.all([make('removed'), make('value-1')])
    const created = `${updated}-new`
    const script =
      'for one in removed updated created; do echo $one=$(cat /v/$one/data-1 2>/dev/null || echo none); done'
    const pod = await pods.repeat(script, {
      removed: volume(removed, true),
      updated: volume(updated, true),
      created: volume(created, true),
    })
    await pods.logHolds(pod, 'removed=removed\nupdated=value-1\ncreated=none')
    await pods.api.delete(`${pods.core}/${resource}/${removed}`)
    await set(updated, 'value-2')
    await pods.api.create(`${pods.core}/${resource}`, { metadata: { name: created }, [field]: { 'data-1': 'new' } })
    await pods.logHolds(pod, 'removed=none\nupdated=value-2\ncreated=new')
  })
})
