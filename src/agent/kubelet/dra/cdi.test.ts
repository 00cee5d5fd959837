import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { resolveDevices } from './cdi.ts'

let root: string
let folders: string[]
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cdi-'))
  folders = ['etc', 'run'].map((name) => join(root, name))
  for (const folder of folders) await mkdir(folder)
})
afterEach(() => rm(root, { recursive: true }))

const write = (file: string, text: string): Promise<void> => writeFile(join(root, file), text)
const spec = (device: string, edits: string): string =>
  `{cdiVersion: 0.6.0, kind: v.test/gpu, devices: [{name: ${device}, containerEdits: ${edits}}]}`

test('a device brings the edits of its spec, once, and its own', async () => {
  await write(
    'run/gpu.yaml',
    `
kind: v.test/gpu
containerEdits:
  env: [SHARED=1]
  mounts: [{hostPath: /opt/lib, containerPath: /lib/gpu, options: [ro, rslave]}]
devices:
  - {name: 0, containerEdits: {env: [ZERO=a=b], deviceNodes: [{path: /dev/gpu0, hostPath: /dev/null, permissions: rw}]}}
  - {name: one, containerEdits: {additionalGids: [0, 44], deviceNodes: [{path: /dev/gpu1}]}}
`,
  )
  expect(await resolveDevices(['v.test/gpu=0', 'v.test/gpu=one'], folders)).toEqual({
    env: new Map([
      ['SHARED', '1'],
      ['ZERO', 'a=b'],
    ]),
    mounts: [{ source: '/opt/lib', target: '/lib/gpu', readOnly: true, propagation: 'rslave' }],
    nodes: [
      { path: '/dev/gpu0', hostPath: '/dev/null', permissions: 'rw' },
      { path: '/dev/gpu1', hostPath: '/dev/gpu1', permissions: 'rwm' },
    ],
    groups: ['44'],
  })
})

test('the later folder wins, and one folder’s specs must not both have a device', async () => {
  await write('etc/a.yaml', spec('x', '{env: [FROM=etc]}'))
  await write('run/a.yaml', spec('x', '{env: [FROM=run]}'))
  expect((await resolveDevices(['v.test/gpu=x'], folders)).env.get('FROM')).toBe('run')
  await write('run/b.json', spec('x', '{}'))
  await expect(resolveDevices(['v.test/gpu=x'], folders)).rejects.toThrow('conflicting CDI device "v.test/gpu=x"')
})

test('what cannot be had is an error, in which a broken spec shows', async () => {
  await write('run/broken.yaml', '{kind: [')
  await write('run/hooks.yaml', spec('h', '{hooks: [{hookName: createContainer, path: /bin/x}]}'))
  await expect(resolveDevices(['v.test/gpu=none', 'v.test/gpu=h'], folders)).rejects.toThrow('has hooks')
  await expect(resolveDevices(['v.test/gpu=none'], folders)).rejects.toThrow(
    /unresolvable CDI devices v.test\/gpu=none; \S+broken.yaml: /,
  )
})
