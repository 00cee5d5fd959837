import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeStandInDistribution } from './stand-in/distribution.ts'

/**
 * The deb, made by electron-builder by the project's configuration around a stand-in for Electron's binary, which cannot be
 * downloaded everywhere, and installed in a bare Debian by its own tools.
 */
const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)
const requirePackaging = createRequire(join(root, 'packaging/package.json'))

/** What is used of `@electron/fuses`, which only the packaging installs. */
interface Fuses {
  getCurrentFuseWire(binary: string): Promise<Record<number, number>>
  FuseV1Options: Record<string, number>
  FuseState: Record<'DISABLE' | 'ENABLE', number>
}

let folder: string
let unpacked: string
let container: string

/** Runs a shell script in the container. @returns what it writes to stdout */
async function inContainer(script: string): Promise<string> {
  const { stdout } = await run('docker', ['exec', container, 'bash', '-euc', script], { maxBuffer: 1 << 24 })
  return stdout.trim()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-package-'))
  unpacked = join(folder, 'linux-unpacked')
  const electron = join(folder, 'electron')
  await writeStandInDistribution(electron)
  const build = [join(root, 'packaging/build.mjs'), 'deb', '--output', folder, '--electron-dist', electron]
  await run(process.execPath, build, { env: { ...process.env, CUSTOM_FPM_PATH: join(import.meta.dirname, 'fpm.mjs') } })
  const label = `slipway.dev/test=${process.env['SLIPWAY_TEST'] ?? 'ci'}`
  const started = await run('docker', ['run', '-d', '--rm', '--label', label, 'debian:trixie', 'sleep', '900'])
  container = started.stdout.trim()
  await run('docker', ['cp', join(folder, 'slipway_0.1.0_amd64.deb'), `${container}:/slipway.deb`])
})
afterAll(async () => {
  if (container) await run('docker', ['rm', '-f', container])
  await rm(folder, { recursive: true, force: true })
})

test('the app is one archive without node_modules, its binary has the fuses set', async () => {
  const { listPackage } = requirePackaging('@electron/asar') as { listPackage(archive: string): string[] }
  const files = listPackage(join(unpacked, 'resources/app.asar'))
  expect(files).toContain('/out/main/index.js')
  expect(files).toContain('/out/preload/index.cjs')
  expect(files).toContain('/resources/worker/Dockerfile')
  expect(files.filter((file) => file.includes('node_modules') || file.endsWith('.map'))).toEqual([])

  const { getCurrentFuseWire, FuseV1Options, FuseState } = (await import(
    requirePackaging.resolve('@electron/fuses')
  )) as Fuses
  const wire = await getCurrentFuseWire(join(unpacked, 'slipway-desktop'))
  for (const off of ['RunAsNode', 'EnableNodeOptionsEnvironmentVariable', 'EnableNodeCliInspectArguments'])
    expect(wire[FuseV1Options[off] ?? -1], off).toBe(FuseState.DISABLE)
  for (const on of ['OnlyLoadAppFromAsar', 'EnableEmbeddedAsarIntegrityValidation', 'EnableCookieEncryption'])
    expect(wire[FuseV1Options[on] ?? -1], on).toBe(FuseState.ENABLE)
})

test('no update feed is configured', async () => {
  expect(await readdir(join(unpacked, 'resources'))).not.toContain('app-update.yml')
})

test('the licence of every package is told', async () => {
  const text = await readFile(join(unpacked, 'resources/LICENSES.txt'), 'utf8')
  for (const name of ['dockerode', '@peculiar/x509', 'zod', '@grpc/grpc-js', '@vue/runtime-core', '@xterm/xterm'])
    expect(
      text.split('\n').some((line) => line.replace('## ', '').startsWith(`${name} `)),
      name,
    ).toBe(true)
})

describe('installed in a bare Debian', () => {
  test('its dependencies are to be had there', async () => {
    await inContainer('apt-get update -qq')
    expect(await inContainer('apt-get install --simulate /slipway.deb')).toMatch(/^Inst slipway \(0\.1\.0 /m)
  })

  test('it is installed with its two commands, desktop entry and icons', async () => {
    // The libraries of Electron's binary, which is not there, would take minutes.
    await inContainer('dpkg --install --force-depends /slipway.deb')
    expect(await inContainer('command -v slipway slipway-desktop')).toBe('/usr/bin/slipway\n/usr/bin/slipway-desktop')
    const entry = await inContainer('cat /usr/share/applications/slipway-desktop.desktop')
    expect(entry).toContain('Exec=/opt/Slipway/slipway-desktop %U')
    expect(entry).toContain('x-scheme-handler/slipway;')
    expect(entry).toContain('application/yaml;')
    expect(await inContainer('ls /usr/share/icons/hicolor/*/apps/slipway-desktop.png')).toContain('/256x256/')
    // Manifests are offered to it: no default of anybody is set.
    expect(
      await inContainer('grep -rl slipway /usr/share/applications/mimeapps.list /etc/xdg 2>/dev/null || true'),
    ).toBe('')
    expect(await inContainer('grep -c yaml /usr/share/mime/packages/slipway* 2>/dev/null || true')).toBe('')
  })

  test('a user who is not root runs the command line, and a cluster with it', async () => {
    await inContainer('useradd --create-home jane')
    expect(await inContainer('runuser -u jane -- slipway version')).toMatch(/^slipway 0\.1\.0 /)
    const up = 'slipway up --name dev --simulated 2 --data /home/jane/data --rm'
    const line = await inContainer(`runuser -u jane -- timeout --signal TERM 10 ${up} 2>/dev/null || true`)
    expect(JSON.parse(line)).toMatchObject({ ready: true, name: 'dev', workers: ['dev-worker-1', 'dev-worker-2'] })
  })

  test('the desktop app starts from its archive and opens its window', async () => {
    const line = await inContainer('runuser -u jane -- timeout --signal TERM 10 slipway-desktop 2>/dev/null || true')
    expect(JSON.parse(line)).toMatchObject({ title: 'Slipway', script: 200, sandbox: true, trays: 1 })
    expect((JSON.parse(line) as { policy: string }).policy).toContain("default-src 'none'")
  })

  test('it leaves nothing behind but the users’ data', async () => {
    await inContainer('dpkg --purge slipway')
    const left =
      '{ dpkg --listfiles slipway 2>&1; ls -d /opt/Slipway /usr/bin/slipway* /etc/alternatives/slipway* 2>&1; } || true'
    expect(await inContainer(left)).not.toMatch(/^\//m)
    expect(await inContainer('ls /home/jane/.local/share')).toBe('slipway')
  })
})
