import { watch } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { write } from './output.ts'

export interface FollowedLog {
  /** The file that the engine writes, in its `json-file` form. Earlier ones have `.1`, `.2` … appended, the oldest the highest. */
  path: string
  timestamps: boolean
  /** How many of the latest lines come first; all when unset. */
  tail?: number | undefined
  /** Unix time, s. */
  since?: number | undefined
  /** Resolves when nothing more is written. */
  ended: Promise<unknown>
}

/**
 * What a slow reader keeps open, which the engine may have deleted: so much of the disk, in files of 10 MB. Beyond it loses
 * the oldest.
 */
const mostFiles = 8
const chunkBytes = 2 ** 16

/**
 * Follows a container's log through any number of rotations. The engine's own way opens the current file once it has read
 * the last one, and loses those that came and went in between.
 * @throws Error when there is no file
 */
export async function followLog({ path, timestamps, tail, since, ended }: FollowedLog): Promise<Readable> {
  const out = new PassThrough()
  const files = new LogFiles(path)
  let wake: () => void = () => undefined
  let isEnded = false
  const end = (): void => {
    isEnded = true
    wake()
  }
  ended.then(end, end)
  // Files are opened as they come, not when they are due: by then they may be gone.
  const watcher = watch(dirname(path), (event) => {
    if (event === 'rename') void files.openNew().catch(() => undefined)
    wake()
  })
  watcher.on('error', () => undefined)
  out.once('close', () => {
    watcher.close()
    wake()
  })

  const pump = async (): Promise<void> => {
    const text = textOf({ timestamps, since })
    while (!out.destroyed) {
      const change = new Promise<void>((resolve) => (wake = resolve))
      // As it was before a read that finds nothing.
      const [isLast, isComplete] = [isEnded, files.count > 1]
      const lines = await files.read()
      if (lines) await write(out, Buffer.from(text(lines)))
      else if (isComplete) await files.next()
      else {
        await files.openNew()
        if (files.count > 1) continue
        if (isLast) return
        await change
      }
    }
  }
  try {
    await files.openNew()
    if (files.count === 0) throw new Error(`no log at ${path}`)
    if (tail !== undefined) await files.skipTo(tail)
  } catch (error) {
    out.destroy()
    await files.close()
    throw error
  }
  pump()
    .then(
      () => out.end(),
      (error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))),
    )
    .finally(() => {
      watcher.close()
      return files.close()
    })
  return out
}

interface LogFile {
  handle: FileHandle
  inode: number
  position: number
  /** The beginning of a line whose end is not written yet. */
  rest: Buffer
}

/** The files of a log that are not read yet, the oldest first. */
class LogFiles {
  readonly #path: string
  readonly #chunk = Buffer.allocUnsafe(chunkBytes)
  #files: LogFile[] = []
  #opening: Promise<void> = Promise.resolve()
  #closed = false

  constructor(path: string) {
    this.#path = path
  }

  get count(): number {
    return this.#files.length
  }

  /** Opens what has come since; one at a time. */
  openNew(): Promise<void> {
    this.#opening = this.#opening.catch(() => undefined).then(() => this.#openNew())
    return this.#opening
  }

  async #openNew(): Promise<void> {
    const last = this.#files.at(-1)?.inode
    let found: LogFile[] = []
    let current: number | undefined
    do {
      const newest = await this.#newerThan(last)
      for (const { handle } of found.filter(({ inode }) => has(newest, inode))) await handle.close()
      found = [...found.filter(({ inode }) => !has(newest, inode)), ...newest]
      current = await inodeOf(this.#path)
      // Files that were renamed meanwhile are looked for again: they would be out of order.
    } while (!this.#closed && found.length > 0 && current !== undefined && found.at(-1)?.inode !== current)
    this.#files.push(...found)
    // The one that is being read stays.
    for (const { handle } of this.#files.splice(1, Math.max(0, this.#files.length - mostFiles))) await handle.close()
  }

  /** None amid a rotation: the next current file is told of, too. */
  async #newerThan(last: number | undefined): Promise<LogFile[]> {
    const found: LogFile[] = []
    for (let age = 0; !this.#closed; age++) {
      const handle = await open(age === 0 ? this.#path : `${this.#path}.${age}`).catch(() => undefined)
      if (!handle) break
      const { ino: inode } = await handle.stat()
      const isKnown = inode === last || has(found, inode)
      if (isKnown) await handle.close()
      else found.unshift({ handle, inode, position: 0, rest: Buffer.alloc(0) })
      if (inode === last) break
    }
    return found
  }

  /** Whole lines of the oldest file; none at its end. */
  async read(): Promise<string> {
    const [file] = this.#files
    if (!file) return ''
    for (;;) {
      const { bytesRead } = await file.handle.read(this.#chunk, 0, chunkBytes, file.position)
      if (bytesRead === 0) return ''
      file.position += bytesRead
      const read = this.#chunk.subarray(0, bytesRead)
      const end = read.lastIndexOf(newline) + 1
      const lines = end === 0 ? '' : Buffer.concat([file.rest, read.subarray(0, end)]).toString()
      file.rest = end === 0 ? Buffer.concat([file.rest, read]) : Buffer.from(read.subarray(end))
      if (lines) return lines
    }
  }

  /** The oldest file is done. */
  async next(): Promise<void> {
    await this.#files.shift()?.handle.close()
  }

  /** Leaves out all but the last lines. */
  async skipTo(lines: number): Promise<void> {
    let missing = lines
    for (const [index, file] of [...this.#files.entries()].reverse()) {
      const last = await startOfLast(file.handle, missing)
      file.position = last.position
      missing = last.missing
      if (missing > 0) continue
      for (const { handle } of this.#files.splice(0, index)) await handle.close()
      return
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#opening.catch(() => undefined)
    for (const { handle } of this.#files.splice(0)) await handle.close()
  }
}

const newline = 0x0a

const has = (files: readonly LogFile[], inode: number): boolean => files.some((file) => file.inode === inode)

const inodeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  )

/** Where the last lines of a file begin, and how many it has too few. */
async function startOfLast(handle: FileHandle, lines: number): Promise<{ position: number; missing: number }> {
  const chunk = Buffer.allocUnsafe(chunkBytes)
  let seen = 0
  for (let end = (await handle.stat()).size; end > 0;) {
    const start = Math.max(0, end - chunkBytes)
    const { bytesRead } = await handle.read(chunk, 0, end - start, start)
    for (
      let at = chunk.lastIndexOf(newline, bytesRead - 1);
      at >= 0;
      at = at === 0 ? -1 : chunk.lastIndexOf(newline, at - 1)
    )
      if (++seen > lines) return { position: start + at + 1, missing: 0 }
    end = start
  }
  return { position: 0, missing: lines - seen }
}

/** What a reader gets for lines of a file, as the engine writes it. */
function textOf({ timestamps, since }: Pick<FollowedLog, 'timestamps' | 'since'>): (lines: string) => string {
  return (lines) =>
    lines
      .split('\n')
      .map((line) => {
        const { log, time } = entryOf(line)
        if (since !== undefined && Date.parse(time) < since * 1_000) return ''
        return timestamps && log ? `${fixedTime(time)} ${log}` : log
      })
      .join('')
}

/** A line that a crash of the engine cut is left out. */
function entryOf(line: string): { log: string; time: string } {
  if (!line) return { log: '', time: '' }
  try {
    const { log, time } = JSON.parse(line) as { log?: string; time?: string }
    return { log: log ?? '', time: time ?? '' }
  } catch {
    return { log: '', time: '' }
  }
}

/** With nine digits of the second, of which the file leaves out zeros at the end. */
const fixedTime = (time: string): string => {
  const [whole = '', fraction = ''] = time.replace('Z', '').split('.')
  return `${whole}.${fraction.padEnd(9, '0')}Z`
}
