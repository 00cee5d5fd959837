import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stop } from '#shared/base/disposable.ts'

/** Locks the folder for this process; takes over the lock of a dead process. @throws Error when it is in use */
export function lockFolder(dir: string): Stop {
  const file = join(dir, 'lock')
  for (let tries = 0; tries < 2; tries++) {
    try {
      writeFileSync(file, `${process.pid} ${startTime(process.pid) ?? ''}`, { flag: 'wx', mode: 0o600 })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const [pid = '', started = ''] = readFileSync(file, 'utf8').split(' ')
      if (isAlive(Number(pid)) && (startTime(Number(pid)) ?? '') === started)
        throw new Error(`${dir} is in use by process ${pid}`, { cause: error })
      rmSync(file, { force: true })
    }
  }
  throw new Error(`${dir} is in use`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Start time of a process, where the system provides it (Linux): a reused pid is another process. */
function startTime(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19]
  } catch {
    return undefined
  }
}
