import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'

/**
 * A server's port on 127.0.0.1: the one recorded in `file` if it is free, so that existing kubeconfigs and addresses
 * stay valid; otherwise a free one, which is recorded in `file`. @throws Error when no port is free
 */
export async function keptPort(file: string): Promise<number> {
  const known = Number(await readFile(file, 'utf8').catch(() => '0'))
  const port = (known && (await freePort(known))) || (await freePort(0))
  if (!port) throw new Error('no port is free on 127.0.0.1')
  await writeFile(file, String(port), { mode: 0o600 })
  return port
}

/** @param wanted 0 = any @returns undefined when it is in use */
function freePort(wanted: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
