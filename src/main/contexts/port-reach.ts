import { readFile } from 'node:fs/promises'
import { holderOf } from '#main/cluster/index.ts'

export interface PortReach {
  /** `loopback`: a program listens for this machine alone, and pods are not it; `unknown`: the system does not tell. */
  state: 'open' | 'loopback' | 'closed' | 'unknown'
  /** The process: `node (pid 2214)`. */
  holder?: string
}

/** Whether pods reach what listens on a port of this machine as `host.slipway.internal`. */
export async function reachOfPort(port: number): Promise<PortReach> {
  const holder = await holderOf(port)
  const known = holder === undefined ? {} : { holder }
  if (process.platform !== 'linux') {
    // Docker's virtual machine reaches programs that listen for this machine alone, too.
    return { state: holder === undefined ? 'unknown' : 'open', ...known }
  }
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  )
  const addresses = tables.flatMap((table) => listeningAddresses(table, port))
  if (addresses.length === 0) return { state: 'closed' }
  return { state: addresses.every(isLoopback) ? 'loopback' : 'open', ...known }
}

/** State of a listening socket in `/proc/net/tcp`. */
const listening = '0A'

/** The addresses, as the kernel writes them, at which a port is listened on. */
export function listeningAddresses(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/)
    const [address = '', found] = local.split(':')
    return found === hex && state === listening ? [address] : []
  })
}

/** 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104; each word of four bytes is written the way the machine has it: little-endian. */
export const isLoopback = (address: string): boolean =>
  address.length === 8
    ? address.endsWith('7F')
    : address === '00000000000000000000000001000000' || /^0{16}FFFF0000.{6}7F$/.test(address)
