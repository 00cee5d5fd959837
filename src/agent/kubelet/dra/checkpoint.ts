import { open, readFile, rename } from 'node:fs/promises'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { createTurns } from '#shared/base/turns.ts'
import type { PreparedDevice } from './protocol.ts'

/** A claim that is prepared for pods of this node, or may be. */
export interface HeldClaim {
  uid: string
  name: string
  namespace: string
  /** Uids of the pods that use it. */
  pods: string[]
  isPrepared: boolean
  /** By driver; each one that was or will be asked has an entry. */
  devices: Record<string, PreparedDevice[]>
}

export interface Checkpoint {
  /** By namespace and name. */
  readonly claims: Map<string, HeldClaim>
  /** Resolves when the claims as they are now are on the disk. */
  write(): Promise<void>
}

/** The claims that an earlier agent held. None of a file that cannot be read, which is logged: pods run on without it. */
export async function openCheckpoint(file: string, log: Log): Promise<Checkpoint> {
  const earlier = await read(file).catch((error: unknown) => {
    log.warn('prepared devices of earlier are not known', { file, error: messageOf(error) })
    return {}
  })
  const claims = new Map<string, HeldClaim>(Object.entries(earlier))
  const inTurn = createTurns()
  return {
    claims,
    write: () => inTurn(() => replace(file, JSON.stringify({ claims: Object.fromEntries(claims) }))),
  }
}

async function read(file: string): Promise<Record<string, HeldClaim>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? {} : (JSON.parse(text) as { claims: Record<string, HeldClaim> }).claims
}

async function replace(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.new`, file)
}
