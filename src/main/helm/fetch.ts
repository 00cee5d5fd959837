import { createHash } from 'node:crypto'
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '#shared/base/message-of.ts'
import { filesOfTar, filesOfZip } from './archives.ts'

/** The Helm that is fetched, with the checksums that its project has published for it. */
export const fetchedHelm = {
  version: '4.1.4',
  site: 'https://get.helm.sh',
  sha256: {
    'linux-amd64': '70b2c30a19da4db264dfd68c8a3664e05093a361cefd89572ffb36f8abfa3d09',
    'linux-arm64': '13d03672be289045d2ff00e4e345d61de1c6f21c1257a45955a30e8ae036d8f1',
    'darwin-amd64': 'abf09c8503ad1d8ef76d3737a058c3456a998aae5f5966fce4bb3031aeb1654e',
    'darwin-arm64': '7c2eca678e8001fa863cdf8cbf6ac1b3799f9404a89eb55c08260ef5732e658d',
    'windows-amd64': 'bd60f567f667631a2c9b698dfabe5e3cd52eaaf4264163c0a9cae566db8560e8',
    'windows-arm64': 'd0a651026da4a26b28bdfc3d455ce3dfacbc267182dc2225c2172b1dcc549643',
  } as Readonly<Record<string, string>>,
}
export type Fetchable = typeof fetchedHelm

/** An archive to fetch for a machine. */
export interface Offer {
  version: string
  url: string
  sha256: string
  /** The program's name within the archive. */
  member: string
}

/** @returns undefined for machines that Helm is not published for */
export function offerFor(
  { version, site, sha256 }: Fetchable,
  { platform, arch }: { platform: string; arch: string },
): Offer | undefined {
  const system = platform === 'win32' ? 'windows' : platform
  const machine = `${system}-${arch === 'x64' ? 'amd64' : arch}`
  const checksum = sha256[machine]
  if (checksum === undefined) return undefined
  const isWindows = system === 'windows'
  return {
    version,
    url: `${site}/helm-v${version}-${machine}.${isWindows ? 'zip' : 'tar.gz'}`,
    sha256: checksum,
    member: `${machine}/helm${isWindows ? '.exe' : ''}`,
  }
}

/** Most bytes of an archive: it has about 20 MB. */
const mostBytes = 200_000_000
/** ms */
const timeout = 300_000

/**
 * Fetches a program to `path`, which appears only once the archive's checksum is right.
 * @throws Error for the user
 */
export async function fetchProgram({ url, sha256, member }: Offer, path: string): Promise<void> {
  const archive = await download(url)
  const found = createHash('sha256').update(archive).digest('hex')
  if (found !== sha256)
    throw new Error(
      `what ${url} sent is not the program: its SHA-256 is ${found}, expected ${sha256}. Nothing was kept`,
    )
  const files = url.endsWith('.zip') ? filesOfZip(archive) : await filesOfTar(archive)
  const program = files.get(member)
  if (!program) throw new Error(`${url} has no ${member}`)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(`${path}.new`, program, { mode: 0o700 })
  await chmod(`${path}.new`, 0o700)
  await rename(`${path}.new`, path)
}

async function download(url: string): Promise<Buffer> {
  const { host } = new URL(url)
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeout) })
    if (!response.ok) throw new Error(`it answered with ${response.status}`)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > mostBytes) throw new Error('it sent too much')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new Error(`${host} could not be reached: ${messageOf(cause)}`, { cause: error })
  }
}
