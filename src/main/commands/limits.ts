import { quantityValue, isQuantity } from '#shared/kube/quantity.ts'
import type { Command } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { homeOf } from './find-cluster.ts'
import { isServed } from './homes.ts'
import { reach } from './reach.ts'

export const limitsCommand: Command = {
  usage: 'slipway limits NAME WORKER [--cpus N] [--memory QUANTITY] [--data DIR]',
  summary: 'change the CPU and memory of one worker while it runs',
  help: `The worker's container gets the limits at once, its node the capacity; pods go on. Less memory than is in use is refused.
The limits stay when the worker is started again.

  --cpus N           cores, such as 2 or 1.5
  --memory QUANTITY  such as 4Gi
  --data DIR         the data folder to look in; all known ones when unset`,
  options: { data: { type: 'string' }, cpus: { type: 'string' }, memory: { type: 'string' } },
  async run({ data, cpus, memory }, [name, worker]) {
    if (name === undefined || worker === undefined || (cpus === undefined && memory === undefined))
      throw new ExpectedError(`usage: ${this.usage}`)
    const limits = {
      ...(typeof cpus === 'string' ? { cpus: cores(cpus) } : {}),
      ...(typeof memory === 'string' ? { memoryBytes: bytes(memory) } : {}),
    }
    const home = await homeOf(name, data as string | undefined)
    if (!(await isServed(home)))
      throw new ExpectedError(`cluster "${name}" is not running; start it: slipway up --name ${name}`)
    await reach(home, ({ call }) => call.care.limitWorker({ cluster: name, worker, limits }))
    console.log(
      `worker "${worker}" limited to ${[cpus && `${String(cpus)} cores`, memory].filter(Boolean).join(' and ')}`,
    )
  },
}

function cores(text: string): number {
  const value = Number(text)
  if (!(value >= 0.25 && value <= 256)) throw new ExpectedError('--cpus must be a number from 0.25 to 256')
  return value
}

function bytes(text: string): number {
  const value = isQuantity(text) ? quantityValue(text) : NaN
  if (!(value >= 256 * 2 ** 20)) throw new ExpectedError('--memory must be a quantity of at least 256Mi, such as 4Gi')
  return value
}
