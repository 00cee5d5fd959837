import { readFile, rename, writeFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { createTurns } from '#shared/base/turns.ts'

/** What the engine of this worker is told about registries; it takes both settings while it runs. */
export interface EngineSettings {
  /**
   * Lets the engine ask these servers without TLS, and no others. Returns when it does. It is told of no mirrors itself: an app of
   * an earlier version had it ask one of docker.io.
   */
  allowInsecure(servers: readonly string[]): Promise<void>
}

export interface EngineSettingsOptions {
  /** `/etc/docker/daemon.json` */
  file: string
  /** Has the engine read its file again. */
  reload(): Promise<void> | void
  /** Servers that the engine asks without TLS now. */
  insecure(): Promise<readonly string[]>
}

const patience = 5_000

export function createEngineSettings({ file, reload, insecure }: EngineSettingsOptions): EngineSettings {
  const inTurn = createTurns()
  const allow = async (servers: readonly string[]): Promise<void> => {
    const now = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    const before = { mirrors: now['registry-mirrors'] ?? [], insecure: now['insecure-registries'] ?? [] }
    if (isDeepStrictEqual(before, { mirrors: [], insecure: servers })) return
    // An engine leaves a setting as it is when the file does not have it.
    const wanted = { ...now, 'registry-mirrors': [], 'insecure-registries': servers }
    await writeFile(`${file}.new`, JSON.stringify(wanted, null, 2))
    await rename(`${file}.new`, file)
    await reload()
    await until(async () => {
      const those = await insecure()
      return servers.every((server) => those.includes(server))
    })
  }
  return {
    allowInsecure: (servers) => inTurn(() => allow(servers)),
  }
}

/** Gives up silently: a pull then says what is wrong. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + patience; Date.now() < end;) {
    if (await holds().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
