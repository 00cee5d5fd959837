import { join } from 'node:path'
import { messageOf } from '#shared/base/message-of.ts'
import type { HelmPrograms } from '#shared/contract/helm.ts'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import { openApiDoor } from '#main/contexts/api-door.ts'
import { isOlder, oldestHelm, versionParts, type HelmDialect } from './arguments.ts'
import { fetchProgram, offerFor, type Fetchable } from './fetch.ts'
import { findProgram, run, type RunOptions } from './program.ts'

/** The helm of this machine: the user's own on PATH, else the one that was fetched. */
export interface Programs {
  list(): Promise<HelmPrograms>
  /** @throws Error for the user */
  fetch(): Promise<HelmPrograms>
  /** Runs helm. @throws Error where there is none, or with what it said */
  helm(args: readonly string[], options?: Given): Promise<string>
  /** Runs helm where it speaks with a cluster. */
  helmAt(
    context: KubeContext,
    argumentsFor: (dialect: HelmDialect) => readonly string[],
    options: Given,
  ): Promise<string>
  kubectl(args: readonly string[]): Promise<string>
}

type Given = Omit<RunOptions, 'args' | 'env'>

interface Program {
  path: string
  version: string
  from: 'path' | 'fetched'
}

export function createPrograms({
  dir,
  fetchable,
  env,
}: {
  dir: string
  fetchable: Fetchable
  env: NodeJS.ProcessEnv
}): Programs {
  const offer = offerFor(fetchable, process)
  const fetched = join(dir, fetchable.version, process.platform === 'win32' ? 'helm.exe' : 'helm')
  const versionOf = versionsOf(env)
  let fetching: Promise<void> | undefined

  async function find(): Promise<{ program?: Program; problem?: string }> {
    let problem: string | undefined
    const onPath = await findProgram('helm', env)
    for (const { path, from } of [
      { path: onPath, from: 'path' as const },
      { path: fetched, from: 'fetched' as const },
    ]) {
      if (path === undefined) continue
      try {
        const version = await versionOf(path)
        if (!isOlder(version, oldestHelm)) return { program: { path, version, from } }
        problem = `${path} is Helm ${version}; ${oldestHelm} or newer is needed`
      } catch (error) {
        if (from === 'path') problem = messageOf(error)
      }
    }
    return problem === undefined ? {} : { problem }
  }

  async function program(): Promise<Program> {
    const { program: found, problem } = await find()
    if (!found) throw new Error(problem ?? 'helm is not on PATH: install it, or let Slipway fetch it')
    return found
  }

  /** The user's own repositories where the program is the user's own; else Slipway's. */
  const environmentOf = ({ from }: Program, kubeconfig?: string): NodeJS.ProcessEnv => ({
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !reaches.test(name))),
    ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }),
    ...(from === 'fetched' && {
      HELM_CONFIG_HOME: join(dir, 'config'),
      HELM_CACHE_HOME: join(dir, 'cache'),
      HELM_DATA_HOME: join(dir, 'data'),
    }),
  })

  async function list(): Promise<HelmPrograms> {
    const [{ program: helm, problem }, kubectl] = await Promise.all([find(), findProgram('kubectl', env)])
    return {
      ...(helm ? { helm } : {}),
      ...(problem === undefined ? {} : { problem }),
      ...(offer ? { offer: { version: offer.version, url: offer.url } } : {}),
      ...(kubectl === undefined ? {} : { kubectl }),
    }
  }

  return {
    list,
    /** One at a time: two would write into the same file. */
    async fetch() {
      if (!offer) throw new Error(`Helm is not published for ${process.platform} on ${process.arch}`)
      fetching ??= fetchProgram(offer, fetched).finally(() => (fetching = undefined))
      await fetching
      return list()
    },
    async helm(args, options = {}) {
      const found = await program()
      return run(found.path, { ...options, args, env: environmentOf(found) })
    },
    async helmAt(context, argumentsFor, options) {
      const found = await program()
      const door = await openApiDoor(context)
      try {
        const args = argumentsFor({ major: versionParts(found.version)[0] ?? 3 })
        return await run(found.path, { ...options, args, env: environmentOf(found, door.kubeconfig) })
      } finally {
        await door.close()
      }
    },
    async kubectl(args) {
      const path = await findProgram('kubectl', env)
      if (path === undefined) throw new Error('kubectl is not on PATH: kustomizations are built by kubectl kustomize')
      return run(path, { args, env })
    },
  }
}

/** What would lead Helm elsewhere than to the context that is meant, or have it keep its releases elsewhere. */
const reaches = /^(?:KUBECONFIG|HELM_(?:KUBE.*|NAMESPACE|DRIVER.*|DEBUG))$/

/** ms */
const versionTimeout = 20_000

/** The versions of programs by their paths: each is asked once. */
function versionsOf(env: NodeJS.ProcessEnv): (path: string) => Promise<string> {
  const versions = new Map<string, Promise<string>>()
  return async (path) => {
    const asked =
      versions.get(path) ?? run(path, { args: ['version', '--template', '{{.Version}}'], env, timeout: versionTimeout })
    versions.set(path, asked)
    asked.catch(() => versions.delete(path))
    return (await asked).trim().replace(/^v/, '')
  }
}
