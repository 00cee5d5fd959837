import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findDesktopProgram } from './desktop-program.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'slipway-program-'))))
afterEach(() => rm(folder, { recursive: true }))

test('a package has it two folders above the command line', async () => {
  const root = join(folder, 'resources/cli')
  await mkdir(root, { recursive: true })
  expect(findDesktopProgram(root)).toBeUndefined()
  await writeFile(join(folder, 'slipway-desktop'), '')
  expect(findDesktopProgram(root)).toEqual({ command: join(folder, 'slipway-desktop'), args: [] })
})

test('a checkout has the Electron that its package has downloaded, and no other', async () => {
  const electron = join(folder, 'node_modules/electron')
  await mkdir(join(electron, 'dist'), { recursive: true })
  await writeFile(join(electron, 'path.txt'), 'electron')
  expect(findDesktopProgram(folder)).toBeUndefined()
  await writeFile(join(electron, 'dist/electron'), '')
  expect(findDesktopProgram(folder)).toEqual({ command: join(electron, 'dist/electron'), args: [folder] })
})
