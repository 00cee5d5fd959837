import { z } from 'zod'
import { messageOf } from '#shared/base/message-of.ts'
import type { FoundChart, HelmRepository } from '#shared/contract/helm.ts'
import type { Programs } from './programs.ts'

export interface Login {
  username: string
  password: string
}

/** The repositories that helm knows, and the charts in them. */
export interface Repositories {
  list(): Promise<HelmRepository[]>
  add(repository: HelmRepository & { login?: Login | undefined }): Promise<void>
  remove(name: string): Promise<void>
  /** Reads all indexes again. */
  update(): Promise<void>
  /** To a registry of OCI charts. */
  signIn(host: string, login: Login): Promise<void>
  search(text: string): Promise<FoundChart[]>
  /** Newest first. */
  versions(chart: string): Promise<FoundChart[]>
  /** Fetches a chart into a folder. */
  pull(ref: string, version: string | undefined, folder: string): Promise<void>
}

export function createRepositories({ helm }: Pick<Programs, 'helm'>): Repositories {
  /** Helm takes an empty list of repositories for a mistake. */
  const listed = (args: readonly string[]): Promise<string> =>
    helm([...args, '--output', 'json']).catch((error: unknown) => {
      if (messageOf(error).includes('no repositories')) return '[]'
      throw error
    })
  const search = async (words: readonly string[]): Promise<FoundChart[]> =>
    foundCharts.parse(JSON.parse(await listed(['search', 'repo', ...words])))
  const run = async (args: readonly string[], input?: string): Promise<void> => void (await helm(args, { input }))
  /** Passwords come on standard input. */
  const signingIn = ({ username }: Login): string[] => ['--username', username, '--password-stdin']

  return {
    list: async () => knownRepositories.parse(JSON.parse(await listed(['repo', 'list']))),
    add: ({ name, url, login }) => run(['repo', 'add', name, url, ...(login ? signingIn(login) : [])], login?.password),
    remove: (name) => run(['repo', 'remove', name]),
    update: () => run(['repo', 'update']),
    signIn: (host, login) => run(['registry', 'login', host, ...signingIn(login)], login.password),
    search: (text) => search(text.split(/\s+/).filter((word) => word !== '' && !word.startsWith('-'))),
    versions: async (chart) => (await search([chart, '--versions'])).filter(({ name }) => name === chart),
    pull: (ref, version, folder) =>
      run(['pull', ref, ...(version === undefined ? [] : ['--version', version]), '--destination', folder]),
  }
}

const foundCharts = z
  .array(
    z
      .object({
        name: z.string(),
        version: z.string(),
        app_version: z.string().catch(''),
        description: z.string().catch(''),
      })
      .transform(({ app_version: appVersion, ...chart }): FoundChart => ({ ...chart, appVersion })),
  )
  .nullable()
  .transform((all) => all ?? [])

const knownRepositories = z
  .array(z.object({ name: z.string(), url: z.string() }))
  .nullable()
  .transform((all) => all ?? [])
