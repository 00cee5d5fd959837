import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { readTail } from './safe-path.ts'

/** Bytes read from the end of a termination message (kubelet: MaxContainerTerminationMessageLength). */
export const mostMessageBytes = 4_096

/**
 * Creates the file for a container's terminationMessagePath, writable to every user that it may run as.
 * @param folder the pod's @returns its path
 */
export async function createMessageFile(folder: string, container: string, attempt: number): Promise<string> {
  await mkdir(join(folder, 'containers', container), { recursive: true, mode: 0o750 })
  const path = join(folder, 'containers', container, String(attempt))
  const { O_CREAT, O_TRUNC, O_WRONLY, O_NOFOLLOW } = constants
  const file = await open(path, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW, 0o600)
  try {
    await file.chmod(0o666)
  } finally {
    await file.close()
  }
  return path
}

/** The end of the container's message; empty when the file is missing or not a regular file. */
export async function readMessage(folder: string, container: string, attempt: number): Promise<string> {
  const tail = await readTail(join(folder, 'containers'), `${container}/${attempt}`, mostMessageBytes)
  return tail ? withoutHalfCharacter(tail).toString('utf8') : ''
}

/** Drops the bytes of a character whose beginning was cut off. */
function withoutHalfCharacter(tail: Buffer): Buffer {
  if (tail.length < mostMessageBytes) return tail
  let start = 0
  while (start < 3 && ((tail[start] ?? 0) & 0xc0) === 0x80) start++
  return tail.subarray(start)
}
