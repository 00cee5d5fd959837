import type Docker from 'dockerode'
import { expect, test } from 'vitest'
import { createVolumeCopy } from './volume-copy.ts'

test('containers of copies that a killed process has left are removed, those of this one are not, and no log keeps what they send', async () => {
  interface Created {
    Labels: Record<string, string>
    HostConfig: { LogConfig?: { Type: string } }
  }
  const created: Created[] = []
  const removed: string[] = []
  const docker = {
    getVolume: () => ({ inspect: () => Promise.resolve({}) }),
    createContainer: (options: Created) => {
      created.push(options)
      return Promise.reject(new Error('that was enough'))
    },
    listContainers: ({ filters }: { filters: { label: string[] } }) => {
      expect(filters).toEqual({ label: ['slipway.dev/volume=slipway-dev-volumes'] })
      const [own] = created
      return Promise.resolve([
        { Id: 'own', Labels: own?.Labels },
        { Id: 'left', Labels: { ...own?.Labels, 'slipway.dev/process': 'another' } },
        { Id: 'left by an earlier version', Labels: { 'slipway.dev/volume': 'slipway-dev-volumes' } },
      ])
    },
    getContainer: (id: string) => ({ remove: () => Promise.resolve(void removed.push(id)) }),
  } as unknown as Docker
  const copy = createVolumeCopy({
    connect: () => Promise.resolve(docker),
    ...{ volume: 'slipway-dev-volumes', image: () => Promise.resolve('worker'), labels: {} },
  })
  await expect(copy.folders()).rejects.toThrow('that was enough')
  expect(created[0]?.HostConfig.LogConfig?.Type).toBe('none')
  await copy.sweep()
  expect(removed).toEqual(['left', 'left by an earlier version'])
})
