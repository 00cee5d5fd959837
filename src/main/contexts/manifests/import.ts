import { parseAllDocuments } from 'yaml'
import { messageOf } from '#shared/base/message-of.ts'
import type { ImportedObject } from '#shared/contract/care.ts'
import { applyBody } from '#shared/kube/apply-body.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { nestsTooDeep } from '../yaml-depth.ts'
import type { KubeContext } from '../kube-context.ts'

/** Who owns the fields of what is imported. */
const manager = 'slipway-import'
/** How long the kind of a definition that was applied just now may take to be served, ms. */
const servedMs = 10_000

/**
 * Applies manifests by server-side apply, in their order; one that fails does not keep the others back. Fields that others
 * own are left to them, and named in the failure.
 * @throws Error for the user where the text is no list of manifests; nothing is applied then
 */
export async function importManifests(
  context: Pick<KubeContext, 'request'>,
  text: string,
  { dryRun }: { dryRun: boolean },
): Promise<ImportedObject[]> {
  const objects = readObjects(text)
  const kinds = servedKinds(context)
  const results: ImportedObject[] = []
  let hasDefinitions = false
  for (const object of objects) {
    const { namespace } = object.metadata
    const named = { kind: object.kind ?? '', name: object.metadata.name ?? '', ...(namespace ? { namespace } : {}) }
    try {
      const path = await kinds.pathOf(object, hasDefinitions ? servedMs : 0)
      const query = new URLSearchParams({ fieldManager: manager, ...(dryRun ? { dryRun: 'All' } : {}) })
      const { status, body } = await context.request({
        method: 'PATCH',
        path: `${path}?${query.toString()}`,
        contentType: 'application/apply-patch+yaml',
        body: JSON.stringify(applyBody(object)),
      })
      if (status >= 400) throw new Error((JSON.parse(body) as { message?: string }).message ?? `status ${status}`)
      hasDefinitions ||= named.kind === 'CustomResourceDefinition' && !dryRun
      results.push({ ...named, result: status === 201 ? 'created' : 'applied' })
    } catch (error) {
      results.push({ ...named, result: 'failed', reason: messageOf(error) })
    }
  }
  return results
}

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

interface ServedKind {
  kind: string
  name: string
  namespaced: boolean
}

/** Asks for the kinds of each group version once, and again for one that may be served only now. */
function servedKinds(context: Pick<KubeContext, 'request'>): {
  pathOf(object: KubeObject, waitMs: number): Promise<string>
} {
  const known = new Map<string, ServedKind[]>()
  const load = async (apiVersion: string): Promise<ServedKind[]> => {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const { status, body } = await context.request({ method: 'GET', path })
    if (status >= 400) return []
    const { resources = [] } = JSON.parse(body) as { resources?: ServedKind[] }
    known.set(
      apiVersion,
      resources.filter(({ name }) => !name.includes('/')),
    )
    return known.get(apiVersion) ?? []
  }
  return {
    async pathOf({ apiVersion = '', kind = '', metadata }, waitMs) {
      const until = Date.now() + waitMs
      const find = (kinds: readonly ServedKind[] = []): ServedKind | undefined =>
        kinds.find((each) => each.kind === kind)
      let found = find(known.get(apiVersion)) ?? find(await load(apiVersion))
      while (!found && Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 300))
        found = find(await load(apiVersion))
      }
      if (!found) throw new Error(`the cluster has no ${kind} of ${apiVersion}`)
      const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
      const place = found.namespaced ? `/namespaces/${encodeURIComponent(metadata.namespace ?? 'default')}` : ''
      return `${root}${place}/${found.name}/${encodeURIComponent(metadata.name ?? '')}`
    },
  }
}
