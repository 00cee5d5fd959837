import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * One line of the log. Records carry an object as one opaque string, because NeDB refuses keys with dots. A marker ends
 * each batch; records without a marker after them were never acknowledged.
 */
export type Line =
  | { kind: 'record'; revision: number; key: string; value: string | null }
  | { kind: 'commit'; revision: number; count: number }

/** NeDB document of a line. */
export interface LogDocument {
  _id: string
  r: number
  /** Key of a record. */
  k?: string
  /** Object of a record, null = deleted. */
  v?: string | null
  /** Number of records in the batch that a marker ends. */
  n?: number
}

export const recordDocument = (revision: number, key: string, value: string | null): LogDocument => ({
  _id: revision.toString(36),
  r: revision,
  k: key,
  v: value,
})

export const commitDocument = (revision: number, count: number): LogDocument => ({
  _id: `#${revision.toString(36)}`,
  r: revision,
  n: count,
})

/**
 * Prefixes each line with its checksum; NeDB calls these around its own JSON (afterSerialization,
 * beforeDeserialization).
 */
export const seal = (line: string): string => `${crc32(line).toString(16).padStart(8, '0')} ${line}`

/** @returns the JSON of a line, or undefined when its checksum does not match. */
export function unseal(line: string): string | undefined {
  const text = line.slice(9)
  return line[8] === ' ' && crc32(text).toString(16).padStart(8, '0') === line.slice(0, 8) ? text : undefined
}

/** The log is damaged in a way that a crash cannot explain. The files are not changed: the user has to decide. */
export class DamagedLog extends Error {
  constructor(file: string, line: number, what: string) {
    super(`${file}, line ${line}: ${what}. The file was left as it is; restore it from a copy, or delete the cluster`)
  }
}

export interface SegmentContents {
  records: { revision: number; key: string; value: string | null }[]
  /** Bytes up to the end of the last commit marker. */
  length: number
  /** Bytes after it: a batch that a crash cut short. */
  torn: number
  lastRevision: number
}

/** Reads a segment. @param after revisions must be greater than this one @throws DamagedLog */
export function readSegment(file: string, content: Buffer, after: number): SegmentContents {
  const records: SegmentContents['records'] = []
  let batch: SegmentContents['records'] = []
  let length = 0
  let lastRevision = after
  let bad: { line: number; what: string } | undefined
  let number = 0
  for (let start = 0; start < content.length;) {
    number++
    const end = content.indexOf(10, start)
    const line = end < 0 ? undefined : parse(content.toString('utf8', start, end))
    if (line?.kind === 'commit') {
      if (bad) throw new DamagedLog(file, bad.line, bad.what)
      if (line.count !== batch.length || (batch.at(-1)?.revision ?? line.revision) !== line.revision)
        throw new DamagedLog(file, number, `the batch has ${batch.length} records but its marker says ${line.count}`)
      for (const record of batch) records.push(record)
      lastRevision = Math.max(lastRevision, line.revision)
      batch = []
      length = end + 1
    } else if (line) {
      if (line.revision <= (batch.at(-1)?.revision ?? lastRevision))
        bad ??= { line: number, what: `revision ${line.revision} is out of order` }
      batch.push(line)
    } else bad ??= { line: number, what: 'the checksum does not match' }
    start = end < 0 ? content.length : end + 1
  }
  return { records, length, torn: content.length - length, lastRevision }
}

function parse(sealed: string): Line | undefined {
  const json = unseal(sealed)
  if (json === undefined) return undefined
  try {
    const { r, k, v, n } = JSON.parse(json) as LogDocument
    if (n !== undefined) return { kind: 'commit', revision: r, count: n }
    return k === undefined ? undefined : { kind: 'record', revision: r, key: k, value: v ?? null }
  } catch {
    return undefined
  }
}

/**
 * Encrypts Secrets at rest with AES-256-GCM: a nonce per value, and the store key as additional data so that values
 * cannot be swapped.
 */
export function createVault(secretKey: Uint8Array | undefined) {
  const isSecret = (key: string): boolean => key.startsWith('/registry/core/secrets/')
  return {
    lock(key: string, value: string): string {
      if (!secretKey || !isSecret(key)) return value
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', secretKey, nonce).setAAD(Buffer.from(key))
      const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
      return prefix + Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')
    },
    /** @throws Error when the encryption key is missing or not the one that encrypted the value */
    open(key: string, value: string): string {
      if (!value.startsWith(prefix)) return value
      if (!secretKey) throw new Error(`${key} is encrypted, and no key was given`)
      const bytes = Buffer.from(value.slice(prefix.length), 'base64')
      const decipher = createDecipheriv('aes-256-gcm', secretKey, bytes.subarray(0, 12)).setAAD(Buffer.from(key))
      decipher.setAuthTag(bytes.subarray(12, 28))
      try {
        return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8')
      } catch {
        throw new Error('the key of the encrypted Secrets is not the one that encrypted them')
      }
    },
  }
}

const prefix = 'aes-256-gcm:'
