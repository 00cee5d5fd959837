import { readFileSync } from 'node:fs'

/** Descriptors that no connection may take: for the store, the threads, the engine's socket and files read meanwhile. */
const reserved = 64
/** Connections that a server takes however many descriptors there are: each costs memory, too. */
const most = 8_192
const fewest = 8

/**
 * How many connections a server may have open, so that all servers together leave `reserved` descriptors alone.
 * @param part of the process's descriptors, 0 to 1
 * @param limit of the process's open files
 */
export function connectionLimit(part: number, limit = openFilesLimit()): number {
  return Math.max(fewest, Math.min(most, Math.floor((limit - reserved) * part)))
}

/** The process's limit of open files (`ulimit -n`). */
function openFilesLimit(): number {
  try {
    const value = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return value === undefined || value === 'unlimited' ? usual : Number(value)
  } catch {
    // Only Linux has this file; elsewhere Node has raised the limit to the hard one when it started.
    return usual
  }
}

const usual = 10_240
