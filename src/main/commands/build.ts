import { resolve } from 'node:path'
import type { BuildDeployment, BuildMessage } from '#shared/contract/builds.ts'
import { rolledKinds } from '#shared/kube/rebuild.ts'
import type { Command, OptionValues } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { withServer } from './find-cluster.ts'
import { number } from './number.ts'
import { opened, type Remote } from './remote.ts'

const usage =
  'slipway build NAME FOLDER [--image IMAGE] [--file DOCKERFILE] [--deploy NAME [--port N] [--replicas N] | --set KIND/NAME/CONTAINER] [--namespace NAMESPACE] [--data DIR]'

export const buildCommand: Command = {
  usage,
  summary: 'build the image of a folder, load it into the workers and run it',
  help: `Builds on this machine's engine: with BuildKit where the docker command has it, else with the engine's own builder. The
build's output goes to stderr. Ctrl C cancels it.

  --image IMAGE                   its name; that of the folder with the tag dev when unset
  --file DOCKERFILE               within the folder; Dockerfile when unset
  --deploy NAME                   creates a Deployment that runs it
  --port N                        with a Service of this port
  --replicas N                    so many pods; 1 when unset
  --set KIND/NAME/CONTAINER       has a container of a Deployment, StatefulSet or DaemonSet run it, and restarts that
  --namespace NAMESPACE, -n       of what runs it; default when unset
  --data DIR                      the data folder to look in; all known ones when unset`,
  options: {
    image: { type: 'string' },
    file: { type: 'string' },
    deploy: { type: 'string' },
    port: { type: 'string' },
    replicas: { type: 'string' },
    set: { type: 'string' },
    namespace: { type: 'string', short: 'n', default: 'default' },
    data: { type: 'string' },
  },
  async run(values, [cluster, folder, ...others]) {
    if (folder === undefined || others.length > 0) throw new ExpectedError(`usage: ${usage}`)
    const deploy = deploymentOf(values)
    await withServer(cluster, values.data as string | undefined, async (remote, name) => {
      const image =
        (values.image as string | undefined) ?? (await remote.call.builds.look({ folder: resolve(folder) })).image
      const messages = await remote.call.builds.run(
        opened({
          context: `local:${name}`,
          folder: resolve(folder),
          image,
          ...(values.file === undefined ? {} : { dockerfile: values.file as string }),
          ...(deploy ? { deploy } : {}),
        }),
      )
      await report(messages, image)
    })
  },
}

type Messages = Awaited<ReturnType<Remote['call']['builds']['run']>>

/** @throws ExpectedError with what went wrong */
async function report(messages: Messages, image: string): Promise<void> {
  for await (const message of messages as AsyncIterable<BuildMessage>) {
    if ('lines' in message) process.stderr.write(`${message.lines.join('\n')}\n`)
    if ('failed' in message) throw new ExpectedError(message.failed)
    if ('done' in message) {
      console.log(`${image} is built in ${(message.done.ms / 1_000).toFixed(1)} s`)
      return
    }
  }
  throw new ExpectedError('slipway closed the connection')
}

/** @throws ExpectedError */
function deploymentOf({ deploy, set, namespace, port, replicas }: OptionValues): BuildDeployment | undefined {
  const place = namespace as string
  if (set !== undefined) {
    const [word = '', name, container] = (set as string).split('/')
    const kind = rolledKinds.find((each) => each.toLowerCase() === word.toLowerCase())
    if (deploy !== undefined || !kind || !name || !container) throw new ExpectedError(`usage: ${usage}`)
    return { update: { namespace: place, kind, name, container } }
  }
  if (deploy === undefined) return undefined
  return {
    create: {
      namespace: place,
      name: deploy as string,
      replicas: number('--replicas', replicas, 1, 0, 1_000),
      ...(port === undefined ? {} : { port: number('--port', port, 0, 1, 65_535) }),
    },
  }
}
