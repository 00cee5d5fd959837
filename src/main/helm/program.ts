import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { access, constants, stat } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { messageOf } from '#shared/base/message-of.ts'

/** What a run may be given, and who listens. */
export interface RunOptions {
  args: readonly string[]
  /** Standard input. */
  input?: string | undefined
  env?: NodeJS.ProcessEnv | undefined
  signal?: AbortSignal | undefined
  /** How long it may take, ms; `fewMinutes` when unset. */
  timeout?: number | undefined
  /** Called with each line of standard error. */
  onLine?: ((line: string) => void) | undefined
}

/** Most bytes of an answer. */
const mostOutput = 64 * 2 ** 20
/** Most characters of a line of the log that has not ended yet. */
const mostLine = 100_000
/** What a run may take that waits for no cluster, ms: it fetches an index or a chart, or renders one. */
const fewMinutes = 300_000
/** How long a program has to end after it was asked to, ms. */
const patience = 20_000

/**
 * Runs a program to its end. An abort asks it to end, as Ctrl+C does: Helm then marks its release as failed. One that takes too long
 * is ended in the same way.
 * @returns what it wrote to standard output
 * @throws Error with the program's own words
 */
export function run(
  path: string,
  { args, input = '', env, signal, timeout = fewMinutes, onLine }: RunOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new Error('cancelled'))
      return
    }
    const child = spawn(path, args, { env: env ?? process.env, windowsHide: true, stdio: ['pipe', 'pipe', 'pipe'] })
    const heard = listenTo(child, onLine)
    const ending = endingOf(child)
    let isLate = false
    const limit = setTimeout(() => {
      isLate = true
      ending.ask()
    }, timeout)
    signal?.addEventListener('abort', ending.ask, { once: true })
    const done = (): void => {
      clearTimeout(limit)
      ending.done()
      signal?.removeEventListener('abort', ending.ask)
    }
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.once('error', (error) => {
      done()
      reject(new Error(`${path} cannot be started: ${messageOf(error)}`))
    })
    child.once('close', (code, killed) => {
      done()
      const { output, said, isTooMuch } = heard()
      if (isTooMuch) reject(new Error('the program answered with more than 64 MiB'))
      else if (isLate)
        reject(new Error(`${basename(path)} ${args[0] ?? ''} did not end within ${timeText(timeout)} and was ended`))
      else if (code === 0) resolve(output)
      else reject(new ProgramFailed(wordsOf(said, killed ?? `exit code ${code}`), output))
    })
  })
}

/** Ends a program as Ctrl+C does; one that goes on is killed after a while. `done`: it has ended. */
function endingOf(child: ChildProcessWithoutNullStreams): { ask(): void; done(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    ask() {
      child.kill('SIGINT')
      timer ??= setTimeout(() => kill(child), patience)
    },
    done: () => clearTimeout(timer),
  }
}

function kill(child: ChildProcessWithoutNullStreams): void {
  child.kill('SIGKILL')
  // A plugin that goes on may hold them open for ever.
  child.stdout.destroy()
  child.stderr.destroy()
}

/** Gathers what a program writes, and kills it where that is too much. @returns what it has written so far */
function listenTo(
  child: ChildProcessWithoutNullStreams,
  onLine: RunOptions['onLine'],
): () => { output: string; said: string; isTooMuch: boolean } {
  const output: Buffer[] = []
  let bytes = 0
  let said = ''
  let line = ''
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostOutput) kill(child)
    else output.push(chunk)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-100_000)
    const lines = (line + text).split('\n')
    line = (lines.pop() ?? '').slice(-mostLine)
    for (const each of lines) onLine?.(each)
  })
  child.once('close', () => {
    if (line !== '') onLine?.(line)
  })
  return () => ({ output: Buffer.concat(output).toString('utf8'), said, isTooMuch: bytes > mostOutput })
}

const timeText = (ms: number): string => (ms < 120_000 ? `${ms / 1_000} s` : `${Math.round(ms / 60_000)} min`)

/** A program ended with another code than 0. */
export class ProgramFailed extends Error {
  readonly output: string
  constructor(message: string, output: string) {
    super(message)
    this.output = output
  }
}

/** What a program says of its failure: from its last `Error:` on, without the log before it; of a line that kubectl logs, its error. */
function wordsOf(said: string, ended: string): string {
  // The end only: a line of many quotes takes the square of its length.
  const logged = [...said.slice(-10_000).matchAll(/^[EF]\d{4} .*?\] ".*?" err=("(?:[^"\\]|\\.)*")$/gm)].at(-1)?.[1]
  if (logged !== undefined) return unquoted(logged)
  const at = said.lastIndexOf('Error: ')
  const words = (at < 0 ? said : said.slice(at + 'Error: '.length)).trim()
  return words.split(/\n(?:helm\.go|\S+\.go:\d+|\[debug\]|level=)/)[0]?.trim() || `it ended with ${ended}`
}

/** A text that Go has quoted: JSON has its escapes but for those of single bytes. */
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text.slice(1, -1)
  }
}

/** Where desktop apps do not look by themselves: their PATH is not that of a shell. */
const usualFolders = ['/opt/homebrew/bin', '/usr/local/bin', '/snap/bin']

/** @returns the path of a program on PATH */
export async function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const isWindows = process.platform === 'win32'
  const folders = [...(env.PATH ?? '').split(delimiter).filter(Boolean), ...(isWindows ? [] : usualFolders)]
  for (const folder of folders) {
    const path = join(folder, isWindows ? `${name}.exe` : name)
    const isThere = await access(path, constants.X_OK).then(
      async () => (await stat(path)).isFile(),
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}
