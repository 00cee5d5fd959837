import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { openAppData, type AppData } from '../app-data.ts'
import { followAddedFiles } from './added-files.ts'
import { createKubeconfigContexts, type KubeconfigContexts } from './index.ts'

let dir: string
let data: AppData
let kubeconfig: KubeconfigContexts
const file = (): string => join(dir, 'lab.yaml')
const names = async (): Promise<string[]> => (await kubeconfig.list()).map(({ info }) => info.name)
const lab = {
  clusters: [{ name: 'lab', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'me', user: { token: 't' } }],
  contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'me' } }],
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-added-'))
  data = await openAppData({ dir: join(dir, 'data') })
  kubeconfig = createKubeconfigContexts({ files: [], log: silentLog, env: {} })
})
afterEach(async () => {
  await kubeconfig.stop()
  await rm(dir, { recursive: true, force: true })
})

test('a file that is added is read from then on, after a restart too, until it is removed', async () => {
  await writeFile(file(), JSON.stringify(lab))
  const added = await followAddedFiles({ data, kubeconfig })
  await added.add(file())
  await added.add(file())
  expect(await names()).toEqual(['lab'])
  expect((await data.settings()).kubeconfigs).toEqual([file()])

  await kubeconfig.stop()
  kubeconfig = createKubeconfigContexts({ files: [], log: silentLog, env: {} })
  const again = await followAddedFiles({ data, kubeconfig })
  expect(await names()).toEqual(['lab'])
  await again.remove(file())
  expect(await names()).toEqual([])
})

test('what is no kubeconfig is refused with the reason, and not kept', async () => {
  const added = await followAddedFiles({ data, kubeconfig })
  await expect(added.add(file())).rejects.toThrow('there is no file')
  await expect(added.add('lab.yaml')).rejects.toThrow('the whole path')
  await writeFile(file(), '- a list')
  await expect(added.add(file())).rejects.toThrow('is not a kubeconfig')
  expect((await data.settings()).kubeconfigs).toEqual([])
})
