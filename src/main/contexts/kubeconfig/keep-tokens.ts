import { open, readFile, realpath, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isMap, isNode, isSeq, Pair, parseDocument, Scalar, type Document, type YAMLMap } from 'yaml'
import { writePrivateFile } from '../../keys/private-file.ts'
import type { OidcConfig, RefreshedTokens } from './oidc.ts'

/**
 * Writes the tokens of a refresh into the kubeconfig that the sign-in is of, as kubectl does: a refresh token may work once
 * only, and kubectl or the next start of the app has none but the file's. Comments and order stay, and a link stays a link.
 * Nothing is written where the file has another refresh token than the used one: somebody else has signed in.
 * @param used the sign-in that was refreshed @throws Error when the file cannot be locked, read or written
 */
export async function keepTokens(
  { file, user }: { file: string; user: string },
  used: OidcConfig,
  tokens: RefreshedTokens,
): Promise<void> {
  const target = await realpath(file)
  const unlock = await lock(file)
  try {
    const source = await readFile(target, 'utf8')
    const document = parseDocument(source, { logLevel: 'error' })
    if (document.errors.length > 0) throw new Error('is not YAML')
    const config = oidcConfigOf(document, user)
    if (!config || config.get('refresh-token') !== used['refresh-token']) return
    await writePrivateFile(target, withTokens({ source, document, config }, Object.entries(tokens)))
  } finally {
    await unlock()
  }
}

function oidcConfigOf(document: Document, user: string): YAMLMap | undefined {
  const users = document.get('users')
  // Of two users with one name the first applies.
  const found = isSeq(users) ? users.items.find((item) => isMap(item) && item.get('name') === user) : undefined
  const config = isMap(found) ? found.getIn(['user', 'auth-provider', 'config']) : undefined
  return isMap(config) ? config : undefined
}

/** Replaces values in place. A field that is new has the whole file written anew, in JSON where it is JSON. */
function withTokens(
  { source, document, config }: { source: string; document: Document; config: YAMLMap },
  tokens: readonly [name: string, token: string][],
): string {
  const ranges = tokens.flatMap(([name, token]) => {
    const value: unknown = config.get(name, true)
    const [start, end] = (isNode(value) && value.range) || []
    return start === undefined || end === undefined ? [] : [{ start, end, token }]
  })
  if (ranges.length === tokens.length)
    return ranges
      .sort((a, b) => b.start - a.start)
      .reduce((text, { start, end, token }) => text.slice(0, start) + JSON.stringify(token) + text.slice(end), source)
  for (const [name, token] of tokens) {
    config.delete(name)
    config.add(new Pair(quoted(name), quoted(token)))
  }
  return document.toString({ lineWidth: 0 })
}

function quoted(text: string): Scalar<string> {
  const scalar = new Scalar(text)
  scalar.type = Scalar.QUOTE_DOUBLE
  return scalar
}

/** How often a lock is tried, and how long is waited between, ms. */
const tries = 20
const wait = 100

/** client-go's lock of a kubeconfig (`clientcmd/config.go`): the file `NAME.lock`, which only one process can create. */
async function lock(file: string): Promise<() => Promise<void>> {
  const path = `${file}.lock`
  for (let tried = 1; ; tried++) {
    try {
      await (await open(path, 'wx', 0o600)).close()
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tried === tries) throw error
      await delay(wait)
    }
  }
}
