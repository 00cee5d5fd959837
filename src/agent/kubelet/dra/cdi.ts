import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { messageOf } from '#shared/base/message-of.ts'
import type { DeviceNode, Mount } from '../runtime/runtime.ts'

/** What devices change of a container. */
export interface DeviceEdits {
  env: ReadonlyMap<string, string>
  mounts: Mount[]
  nodes: DeviceNode[]
  groups: string[]
}

/** Where drivers write specs, of rising precedence (Container Device Interface). */
export const cdiFolders = ['/etc/cdi', '/var/run/cdi'] as const

/**
 * The edits of CDI devices. Drivers write specs as they prepare a claim, so that they are read each time.
 * @param ids `vendor/class=name` @throws Error for devices that no spec has, and edits that workers cannot make
 */
export async function resolveDevices(
  ids: readonly string[],
  folders: readonly string[] = cdiFolders,
): Promise<DeviceEdits> {
  const edits: Collected = { env: new Map(), mounts: [], nodes: [], groups: [] }
  if (ids.length === 0) return edits
  const { specs, broken } = await readSpecs(folders)
  const used = new Set<Spec>()
  const missing: string[] = []
  for (const id of ids) {
    const found = find(specs, id)
    if (!found) {
      missing.push(id)
      continue
    }
    if (!used.has(found.spec)) collect(edits, found.spec.containerEdits, id)
    used.add(found.spec)
    collect(edits, found.device.containerEdits, id)
  }
  if (missing.length > 0) throw new Error([`unresolvable CDI devices ${missing.join(', ')}`, ...broken].join('; '))
  return edits
}

interface Spec {
  kind?: string
  containerEdits?: Edits
  devices?: Device[]
}

interface Device {
  name?: string | number
  containerEdits?: Edits
}

interface Edits {
  env?: string[]
  deviceNodes?: { path: string; hostPath?: string; permissions?: string }[]
  mounts?: { hostPath: string; containerPath: string; options?: string[] }[]
  additionalGids?: number[]
  hooks?: unknown[]
  netDevices?: unknown[]
  intelRdt?: unknown
}

interface Collected extends DeviceEdits {
  env: Map<string, string>
}

interface ReadSpec {
  spec: Spec
  file: string
  precedence: number
}

/** One that cannot be read does not stand in the way of the others. @returns `broken`: why some cannot be read */
async function readSpecs(folders: readonly string[]): Promise<{ specs: ReadSpec[]; broken: string[] }> {
  const specs: ReadSpec[] = []
  const broken: string[] = []
  for (const [precedence, folder] of folders.entries()) {
    const names = await readdir(folder).catch((): string[] => [])
    for (const name of names.sort()) {
      if (!/\.(json|ya?ml)$/.test(name)) continue
      const file = join(folder, name)
      try {
        const spec = parse(await readFile(file, 'utf8')) as unknown
        if (typeof spec === 'object' && spec !== null) specs.push({ spec, file, precedence })
      } catch (error) {
        broken.push(`${file}: ${messageOf(error).split('\n')[0] ?? ''}`)
      }
    }
  }
  return { specs, broken }
}

/** @throws Error where two specs of the same precedence have it */
function find(specs: readonly ReadSpec[], id: string): { spec: Spec; device: Device } | undefined {
  const [kind, name] = id.split('=')
  const all = specs.flatMap(({ spec, file, precedence }) => {
    const device = spec.kind === kind ? spec.devices?.find((one) => String(one.name) === name) : undefined
    return device ? [{ spec, file, precedence, device }] : []
  })
  const highest = Math.max(...all.map(({ precedence }) => precedence))
  const [first, second] = all.filter(({ precedence }) => precedence === highest)
  if (first && second) throw new Error(`conflicting CDI device "${id}" in ${first.file} and ${second.file}`)
  return first
}

/** @throws Error for edits that workers cannot make */
function collect(into: Collected, edits: Edits | undefined, id: string): void {
  if (!edits) return
  const { env = [], deviceNodes = [], mounts = [], additionalGids = [] } = edits
  for (const what of ['hooks', 'netDevices', 'intelRdt'] as const)
    if (edits[what] !== undefined && !(Array.isArray(edits[what]) && edits[what].length === 0))
      throw new Error(`CDI device "${id}" has ${what}, which workers do not support`)
  for (const variable of env) {
    const at = variable.indexOf('=')
    if (at > 0) into.env.set(variable.slice(0, at), variable.slice(at + 1))
  }
  for (const { path, hostPath = path, permissions = 'rwm' } of deviceNodes)
    into.nodes.push({ path, hostPath, permissions })
  for (const { hostPath, containerPath, options = [] } of mounts)
    into.mounts.push({
      source: hostPath,
      target: containerPath,
      readOnly: options.includes('ro'),
      propagation: options.includes('rshared') ? 'rshared' : options.includes('rslave') ? 'rslave' : 'rprivate',
    })
  into.groups.push(...additionalGids.filter((gid) => gid > 0).map(String))
}
