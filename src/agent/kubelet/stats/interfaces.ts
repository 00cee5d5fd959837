import { readFileSync } from 'node:fs'

/** Counters of one network interface since it was made. */
export interface InterfaceCounters {
  name: string
  rxBytes: number
  rxPackets: number
  rxErrors: number
  rxDropped: number
  txBytes: number
  txPackets: number
  txErrors: number
  txDropped: number
}

/** Interfaces of a process's network namespace; none when the process has ended. */
export function interfacesOf(pid: number | 'self'): InterfaceCounters[] {
  try {
    return parseInterfaces(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))
  } catch {
    return []
  }
}

/** `/proc/net/dev` without the loopback interface and this node's ends of pods' pairs. */
export function parseInterfaces(text: string): InterfaceCounters[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line)
    if (!match) return []
    const [, name = '', counters = ''] = match
    if (name === 'lo' || /^slip[0-9a-f]{11}$/.test(name)) return []
    const [
      rxBytes = 0,
      rxPackets = 0,
      rxErrors = 0,
      rxDropped = 0,
      ,
      ,
      ,
      ,
      txBytes = 0,
      txPackets = 0,
      txErrors = 0,
      txDropped = 0,
    ] = counters.trim().split(/\s+/).map(Number)
    return [{ name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }]
  })
}
