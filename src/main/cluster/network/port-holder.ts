import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

export type PortProtocol = 'TCP' | 'UDP'

/**
 * The process that has a port of this machine, as `name (pid 123)`; undefined where the system does not tell, as of
 * other users' processes.
 */
export async function holderOf(port: number, protocol: PortProtocol = 'TCP'): Promise<string | undefined> {
  const system = systems[process.platform] ?? unix
  const pid = await system.pid(port, protocol)
  if (pid === undefined) return undefined
  if (pid === process.pid) return `Slipway (pid ${pid})`
  const name = await system.name(pid)
  return name ? `${name} (pid ${pid})` : `pid ${pid}`
}

interface System {
  pid(port: number, protocol: PortProtocol): Promise<number | undefined>
  name(pid: number): Promise<string | undefined>
}

const output = async (command: string, args: string[]): Promise<string> => {
  try {
    return (await promisify(execFile)(command, args, { timeout: 5_000, windowsHide: true })).stdout
  } catch {
    return ''
  }
}

const linux: System = {
  pid: pidFromProc,
  name: async (pid) => (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim(),
}
const unix: System = {
  async pid(port, protocol) {
    const states = protocol === 'TCP' ? ['-sTCP:LISTEN'] : []
    return firstPid(await output('lsof', ['-nP', `-i${protocol}:${port}`, ...states, '-t']))
  },
  name: async (pid) => basename((await output('ps', ['-o', 'comm=', '-p', String(pid)])).trim()),
}
const windows: System = {
  pid: async (port, protocol) => pidInNetstat(await output('netstat', ['-ano', '-p', protocol]), port, protocol),
  name: async (pid) => /^"([^"]+)"/.exec(await output('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']))?.[1],
}
const systems: Partial<Record<NodeJS.Platform, System>> = { linux, win32: windows }

function firstPid(text: string): number | undefined {
  const pid = Number(text.split('\n')[0])
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}

/** Finds the socket's inode in `/proc/net`, then the process that has it open. Other users' descriptors are not shown. */
async function pidFromProc(port: number, protocol: PortProtocol): Promise<number | undefined> {
  const files = ['', '6'].map((version) => `/proc/net/${protocol.toLowerCase()}${version}`)
  const tables = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  const inodes = new Set(
    tables.flatMap((table) => boundInodes(table, port, protocol)).map((inode) => `socket:[${inode}]`),
  )
  if (inodes.size === 0) return undefined
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue
    const descriptors = await readdir(`/proc/${entry}/fd`).catch(() => [])
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${entry}/fd/${descriptor}`).catch(() => '')
      if (inodes.has(target)) return Number(entry)
    }
  }
  return undefined
}

/** State of a listening TCP socket, and of a UDP socket that is bound to a port. */
const boundState = { TCP: '0A', UDP: '07' } as const

/** Inodes of the sockets that have a port, from the text of `/proc/net/tcp` or `/proc/net/udp`. */
export function boundInodes(table: string, port: number, protocol: PortProtocol): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    return fields[1]?.endsWith(`:${hex}`) && fields[3] === boundState[protocol] && fields[9] ? [fields[9]] : []
  })
}

/** The process of a port in the output of `netstat -ano`. */
export function pidInNetstat(text: string, port: number, protocol: PortProtocol): number | undefined {
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (fields[0] !== protocol || !fields[1]?.endsWith(`:${port}`)) continue
    if (protocol === 'TCP' && fields[3] !== 'LISTENING') continue
    const pid = Number(fields.at(-1))
    if (Number.isInteger(pid) && pid > 0) return pid
  }
  return undefined
}
