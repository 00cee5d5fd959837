import { expect, test } from 'vitest'
import type { KubeObject } from '../kube/object.ts'
import { failure } from '../kube/status.ts'
import type { Applier, ApplyOptions } from './applier.ts'
import { createRehearsal } from './rehearsal.ts'

const object = (kind: string, name: string, namespace?: string): KubeObject => ({
  ...{ apiVersion: kind === 'Ship' ? 'sea.example.com/v1' : 'v1', kind },
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
})
const definition = {
  ...object('CustomResourceDefinition', 'ships.sea.example.com'),
  spec: { group: 'sea.example.com', names: { kind: 'Ship' }, versions: [{ name: 'v1' }] },
}

/** A server that takes everything but what `refusals` has, by name. */
function server(refusals: Record<string, Error>) {
  const asked: string[] = []
  const answer = ({ metadata: { name = '' } }: KubeObject): void => {
    if (refusals[name]) throw refusals[name]
  }
  const applier: Pick<Applier, 'apply' | 'rehearse'> = {
    async apply(applied: KubeObject, { force }: ApplyOptions) {
      asked.push(`apply ${applied.metadata.name ?? ''}${force ? ' by force' : ''}`)
      answer(applied)
      return { outcome: 'created', result: applied }
    },
    async rehearse(rehearsed: KubeObject) {
      asked.push(`rehearse ${rehearsed.metadata.name ?? ''}`)
      answer(rehearsed)
    },
  }
  return { applier, asked }
}
const forbidden = (message: string): Error => failure(403, 'Forbidden', message)
const missing = (message: string): Error => failure(404, 'NotFound', message)

test('what a dry run has made of namespaces is there for nothing else: objects of it are checked elsewhere', async () => {
  const { applier, asked } = server({})
  const objects = [object('Namespace', 'shop'), object('ConfigMap', 'in', 'shop'), object('ConfigMap', 'out')]
  const rehearse = createRehearsal(applier, objects, { namespace: 'default' })
  const checked = []
  for (const each of objects) checked.push((await rehearse(each)).checked)
  expect(checked).toEqual(['there', 'elsewhere', 'there'])
  expect(asked).toEqual(['apply shop', 'rehearse in', 'apply out'])
})

test('a namespace that is known not to exist is itself checked where it will be', async () => {
  const { applier } = server({})
  const rehearse = createRehearsal(applier, [], { namespace: 'shop', unmade: ['shop'] })
  expect((await rehearse(object('Namespace', 'shop'))).checked).toBe('there')
  expect((await rehearse(object('ConfigMap', 'in'))).checked).toBe('elsewhere')
})

test('an object that waits for another one of its set is not checked, and says for which', async () => {
  const { applier } = server({
    titanic: missing('this cluster serves no Ship of sea.example.com/v1'),
    web: forbidden(
      'pods "web" is forbidden: error looking up service account shop/runner: serviceaccount "runner" not found',
    ),
    locked: forbidden('configmaps is forbidden'),
  })
  const objects = [definition, object('ServiceAccount', 'runner')]
  const rehearse = createRehearsal(applier, objects, { namespace: 'shop', unmade: ['new'] })
  expect(await rehearse(object('Ship', 'titanic'))).toMatchObject({ checked: 'no', lacks: 'definition', what: 'Ship' })
  expect(await rehearse(object('Pod', 'web'))).toMatchObject({
    ...{ checked: 'no', lacks: 'object', what: 'ServiceAccount runner' },
  })
  expect(await rehearse(object('Pod', 'web', 'new'))).toMatchObject({ checked: 'no', lacks: 'object' })
  expect(await rehearse(object('ConfigMap', 'locked', 'new'))).toMatchObject({
    ...{ checked: 'no', lacks: 'namespace', what: 'Namespace new', message: 'configmaps is forbidden' },
  })
})

test('a refusal that nothing of the set explains is the server’s', async () => {
  const { applier, asked } = server({ boat: missing('no such kind'), locked: forbidden('configmaps is forbidden') })
  const rehearse = createRehearsal(applier, [definition], { namespace: 'shop' })
  await expect(rehearse(object('Boat', 'boat'))).rejects.toThrow('no such kind')
  await expect(rehearse(object('ConfigMap', 'locked'), { force: true })).rejects.toThrow('forbidden')
  expect(asked).toEqual(['apply boat', 'apply locked by force'])
})
