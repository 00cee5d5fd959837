import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { userOf } from './container-user.ts'

let root: string
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'slipway-bundles-'))))
afterEach(() => rm(root, { recursive: true }))

test.each([
  ['{"process":{"user":{"uid":5,"gid":7,"additionalGids":[7,9]}}}', { uid: 5, gid: 7, supplementalGroups: [7, 9] }],
  ['{"process":{"user":{"uid":0,"gid":0}}}', { uid: 0, gid: 0, supplementalGroups: [0] }],
  ['{"ociVersion":"1.2.0"}', undefined],
  ['{"process":', undefined],
])('a container of %s', async (text, expected) => {
  await mkdir(join(root, 'id'))
  await writeFile(join(root, 'id/config.json'), text)
  expect(userOf('id', root)).toEqual(expected)
})

test('one that does not run', () => expect(userOf('id', root)).toBeUndefined())
