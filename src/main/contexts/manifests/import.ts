import { parseAllDocuments } from 'yaml'
import { messageOf } from '#shared/base/message-of.ts'
import { createApplier, type Applier } from '#shared/client/applier.ts'
import { errorOf } from '#shared/client/answer-error.ts'
import { createRehearsal } from '#shared/client/rehearsal.ts'
import type { Transport } from '#shared/client/transport.ts'
import type { ImportedObject } from '#shared/contract/care.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { nestsTooDeep } from '../yaml-depth.ts'
import type { KubeContext } from '../kube-context.ts'

/** Who owns the fields of what is imported. */
const manager = 'slipway-import'
/** The namespace of objects that name none. */
const namespace = 'default'

/**
 * Applies manifests by server-side apply, in their order; one that fails does not keep the others back. Fields that others
 * own are left to them, and named in the failure. A dry run has the server check what depends on a namespace of the text in
 * another one, and names what it cannot check at all.
 * @throws Error for the user where the text is no list of manifests; nothing is applied then
 */
export async function importManifests(
  context: Pick<KubeContext, 'request'>,
  text: string,
  { dryRun }: { dryRun: boolean },
): Promise<ImportedObject[]> {
  const objects = readObjects(text)
  const applier = createApplier({ transport: transportTo(context), fieldManager: manager })
  const importOne = dryRun ? rehearsing(applier, objects) : applying(applier)
  const results: ImportedObject[] = []
  for (const object of objects) {
    const { namespace: place, name = '' } = object.metadata
    const outcome = await importOne(object).catch((error: unknown): Outcome => ({
      result: 'failed',
      reason: messageOf(error),
    }))
    results.push({ kind: object.kind ?? '', name, ...(place ? { namespace: place } : {}), ...outcome })
  }
  return results
}

type Outcome = Pick<ImportedObject, 'result' | 'reason'>

/** @returns applies one object after the other */
function applying(applier: Applier): (object: KubeObject) => Promise<Outcome> {
  /** Groups whose kinds are being established by definitions of this text. */
  const defined = new Set<string>()
  return async (object) => {
    const { outcome } = await applier.apply(object, { namespace, defined })
    if (object.kind === 'CustomResourceDefinition') defined.add((object as Definition).spec?.group ?? '')
    return { result: outcome }
  }
}

/** @returns checks one object after the other */
function rehearsing(applier: Applier, objects: readonly KubeObject[]): (object: KubeObject) => Promise<Outcome> {
  const rehearse = createRehearsal(applier, objects, { namespace })
  return async (object) => {
    const rehearsed = await rehearse(object)
    if (rehearsed.checked === 'no') return { result: 'unchecked', reason: rehearsed.message }
    return { result: rehearsed.checked === 'there' ? rehearsed.outcome : 'created' }
  }
}

type Definition = KubeObject & { spec?: { group?: string } }

const transportTo = (context: Pick<KubeContext, 'request'>): Pick<Transport, 'request'> => ({
  async request({ body, contentType = 'application/json', ...request }) {
    const answer = await context.request({
      ...request,
      ...(body === undefined ? {} : { body: JSON.stringify(body), contentType }),
    })
    if (answer.status >= 400) throw errorOf(answer.status, answer.body)
    return JSON.parse(answer.body) as unknown
  },
})

function readObjects(text: string): KubeObject[] {
  if (nestsTooDeep(text)) throw new Error('the manifests nest too deep')
  const objects = parseAllDocuments(text).flatMap((document): KubeObject[] => {
    const [problem] = document.errors
    if (problem) throw new Error(`this is no YAML: ${problem.message.split('\n')[0] ?? ''}`)
    const value = document.toJS({ maxAliasCount: 100 }) as (Partial<KubeObject> & { items?: KubeObject[] }) | null
    if (value === null) return []
    return value.kind === 'List' && value.items ? value.items : [value as KubeObject]
  })
  for (const object of objects)
    if (typeof object.apiVersion !== 'string' || typeof object.kind !== 'string' || !object.metadata?.name)
      throw new Error('this is no list of manifests: each needs apiVersion, kind and metadata.name')
  if (objects.length === 0) throw new Error('there is no manifest in it')
  return objects
}
