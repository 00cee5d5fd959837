import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Pod } from '#shared/kube/generated/types.ts'
import type { ImageInfo } from '../runtime/runtime.ts'
import { CannotEnforce } from './security.ts'

/**
 * The primary group of a container with the policy `Strict` (KEP-3619), as its image's /etc/passwd has it. The engine adds the
 * groups of the image's /etc/group to a user unless the group is given with it.
 * @returns undefined where the policy is another, or the group is given already
 * @throws CannotEnforce where the image does not tell
 */
export async function strictPrimaryGroup(
  { spec }: Pod,
  { securityContext }: Container,
  image: Pick<ImageInfo, 'user' | 'layers'>,
): Promise<number | undefined> {
  const { runAsUser, runAsGroup, supplementalGroupsPolicy } = spec?.securityContext ?? {}
  const user = securityContext?.runAsUser ?? runAsUser
  const hasGroup = (securityContext?.runAsGroup ?? runAsGroup) !== undefined
  if (supplementalGroupsPolicy !== 'Strict' || hasGroup) return undefined
  if (user === undefined && image.user.includes(':')) return undefined
  const passwd = image.layers && (await passwdOf(image.layers))
  if (passwd === undefined)
    throw new CannotEnforce(
      'SupplementalGroupsPolicy=Strict needs runAsGroup: the /etc/passwd of the image cannot be read',
    )
  return groupIn(passwd, user === undefined ? image.user : String(user))
}

/** Of a user by name or number, as the engine looks it up: the first line that fits, and group 0 without one. */
export function groupIn(passwd: string, user: string): number {
  const wanted = user || '0'
  for (const line of passwd.split('\n')) {
    const [name = '', , uid = '', gid = ''] = line.split(':')
    if (name !== '' && (name === wanted || uid === wanted) && /^\d+$/.test(gid)) return Number(gid)
  }
  return 0
}

/** Larger files are not read. */
const mostBytes = 2 ** 20

/** @param layers the topmost first @returns undefined where it is anything but a file, such as a link to one; empty where it is not there */
async function passwdOf(layers: readonly string[]): Promise<string | undefined> {
  for (const layer of layers) {
    const [folder, file] = await Promise.all([kindOf(join(layer, 'etc')), kindOf(join(layer, 'etc/passwd'))])
    if (folder === 'other' || (folder === 'folder' && file === 'other')) return undefined
    if (folder === 'folder' && file === 'file') return readFile(join(layer, 'etc/passwd'), 'utf8')
  }
  return ''
}

async function kindOf(path: string): Promise<'none' | 'folder' | 'file' | 'other'> {
  const stats = await lstat(path).catch(() => undefined)
  if (!stats) return 'none'
  if (stats.isDirectory()) return 'folder'
  return stats.isFile() && stats.size <= mostBytes ? 'file' : 'other'
}
