import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { defaultHome } from '../installation.ts'

/**
 * Data folders on this machine. A home is used by one process at a time, which listens on the home's control socket.
 * The default home records the others, so that `slipway list` finds clusters in all `--data` folders.
 */
export async function rememberHome(home: string): Promise<void> {
  const known = await knownHomes()
  if (known.includes(resolve(home))) return
  await mkdir(defaultHome(), { recursive: true, mode: 0o700 })
  await writeFile(registryFile(), JSON.stringify([...known, resolve(home)], null, 2), { mode: 0o600 })
}

/** Every existing home, the default one first. */
export async function knownHomes(): Promise<string[]> {
  let listed: string[] = []
  try {
    listed = JSON.parse(await readFile(registryFile(), 'utf8')) as string[]
  } catch {
    // No other homes recorded yet.
  }
  return [...new Set([resolve(defaultHome()), ...listed])].filter((home) => existsSync(home))
}

const registryFile = (): string => join(defaultHome(), 'homes.json')

/** Unix socket paths are limited to 107 bytes: a longer path is replaced by a hashed one in the temporary folder. */
export function controlSocketOf(home: string): string {
  const path = join(resolve(home), 'control.sock')
  if (Buffer.byteLength(path) <= 100) return path
  return join(tmpdir(), `slipway-${createHash('sha256').update(path).digest('hex').slice(0, 16)}.sock`)
}

/** Whether a process serves `home` now. */
export function isServed(home: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(controlSocketOf(home))
    socket.on('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.on('error', () => done(false))
  })
}
