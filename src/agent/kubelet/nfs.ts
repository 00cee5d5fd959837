import { lookup } from 'node:dns/promises'
import { mkdir } from 'node:fs/promises'
import { messageOf } from '#shared/base/message-of.ts'
import type { Mounts } from './files/mounts.ts'
import { MountFailed } from './mount-failed.ts'

export interface NfsSource {
  server: string
  path: string
  readOnly?: boolean
  /** Of the PersistentVolume. */
  mountOptions?: readonly string[]
}

/**
 * Mounts an NFS export, once. The kernel does it without mount.nfs: a name is resolved here, and of the versions that were
 * not asked for by an option the newest that the server has is taken. @throws MountFailed with the kernel's reason
 */
export async function mountNfs(mounts: Mounts, source: NfsSource, target: string): Promise<void> {
  if ((await mounts.beneath(target)).includes(target)) return
  const address = await lookup(source.server).then(
    (found) => found.address,
    (error: unknown) => {
      throw new MountFailed(`NFS server "${source.server}" is not found: ${messageOf(error)}`)
    },
  )
  await mkdir(target, { recursive: true, mode: 0o750 })
  const failures: string[] = []
  for (const version of versionsFor(source.mountOptions)) {
    try {
      await mounts.nfs(`${source.server}:${source.path}`, target, optionsOf(source, version, address))
      return
    } catch (error) {
      failures.push(`version ${version}: ${messageOf(error).trim().split('\n').at(-1) ?? ''}`)
    }
  }
  throw new MountFailed(
    `NFS export ${source.server}:${source.path} is not mounted by this kernel: ${failures.join('; ')}`,
  )
}

/** @param options of the volume: `nfsvers=4.1`, `vers=3` or `v4` choose a version */
export function versionsFor(options: readonly string[] = []): string[] {
  const asked = options.flatMap((option) => /^(?:nfs)?v(?:ers=)?([34](?:\.[0-2])?)$/.exec(option)?.[1] ?? [])
  return asked.length > 0 ? asked.slice(-1) : ['4.2', '4.1', '4.0', '3']
}

/** Mount options for the kernel itself, which resolves no names. */
export function optionsOf({ readOnly, mountOptions = [] }: NfsSource, version: string, address: string): string {
  const others = mountOptions.filter((option) => !/^(?:nfs)?v(?:ers=)?[34]/.test(option))
  const isOld = version.startsWith('3')
  return [
    `vers=${version}`,
    `addr=${address}`,
    // Without rpc.statd there are no locks over the network in version 3.
    ...(isOld ? [`mountaddr=${address}`, 'nolock'] : []),
    ...(readOnly ? ['ro'] : []),
    ...others,
  ].join(',')
}
