import { readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'

export interface FolderLook {
  /** Absolute. */
  folder: string
  /** Why nothing can be built of it, for the user. */
  problem?: string
  dockerfiles: string[]
  image: string
  name: string
  /** The first port that its Dockerfile exposes. */
  port?: number
}

/** What a folder of this machine has to build. */
export async function lookAtFolder(text: string): Promise<FolderLook> {
  const folder = absoluteFolder(text)
  const name = objectName(basename(folder))
  const none = { folder, dockerfiles: [], name, image: `${name}:dev` }
  const files = await readdir(folder).catch((error: unknown) => error as NodeJS.ErrnoException)
  if (!Array.isArray(files)) return { ...none, problem: problems[files.code ?? ''] ?? files.message }
  const dockerfiles = files.filter((file) => isDockerfile(file)).sort(dockerfileFirst)
  const [first] = dockerfiles
  if (first === undefined) return { ...none, problem: 'The folder has no Dockerfile.' }
  const port = exposedPort(await readFile(join(folder, first), 'utf8').catch(() => ''))
  return { ...none, dockerfiles, ...(port === undefined ? {} : { port }) }
}

/** `~` is the user's home. */
export const absoluteFolder = (text: string): string =>
  resolve(/^~(?=$|[/\\])/.test(text) ? join(homedir(), text.slice(1)) : text)

const problems: Record<string, string> = {
  ENOENT: 'There is no such folder.',
  ENOTDIR: 'This is a file, not a folder.',
  EACCES: 'The folder may not be read.',
}

const isDockerfile = (file: string): boolean =>
  /^(?:.+\.)?(?:dockerfile|containerfile)(?:\..+)?$/i.test(file) && !file.endsWith('.dockerignore')
const dockerfileFirst = (a: string, b: string): number =>
  Number(b === 'Dockerfile') - Number(a === 'Dockerfile') || a.localeCompare(b)

/** The first port of TCP of an `EXPOSE` of a Dockerfile. */
export function exposedPort(dockerfile: string): number | undefined {
  for (const [, ports = ''] of dockerfile.matchAll(/^\s*EXPOSE\s+(.+)$/gim)) {
    for (const word of ports.trim().split(/\s+/)) {
      const port = Number(/^(\d{1,5})(?:\/tcp)?$/i.exec(word)?.[1])
      if (port >= 1 && port <= 65_535) return port
    }
  }
  return undefined
}

/** A name that objects of Kubernetes and images may have, made of that of a folder. */
export function objectName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[-0-9]+|-+$/g, '')
    .slice(0, 50)
    .replace(/-+$/, '')
  return name || 'app'
}
