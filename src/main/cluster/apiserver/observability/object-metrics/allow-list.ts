import { badRequest } from '#shared/kube/status.ts'
import { labelName, type Labels } from './family.ts'

/** Which labels of which resources become labels of a metric. */
export interface AllowList {
  covers(resource: string): boolean
  /** The allowed ones of `values` as Prometheus labels: `label_app_kubernetes_io_name`. */
  labelsOf(resource: string, prefix: string, values: Readonly<Record<string, string>>): Labels
}

/**
 * Parses the value of kube-state-metrics' flags: `pods=[app,tier],nodes=[*]`; `*=[*]` allows everything.
 * @throws ApiError 400
 */
export function parseAllowList(name: string, text: string | undefined): AllowList {
  const lists = new Map<string, ReadonlySet<string>>()
  const element = /([^=,[\]]+)=\[([^[\]]*)\](?:,|$)/y
  while (text && element.lastIndex < text.length) {
    const match = element.exec(text)
    if (!match) throw badRequest(`invalid ${name}: want resource=[label,…],… but got ${JSON.stringify(text)}`)
    const [, resource = '', keys = ''] = match
    lists.set(resource.trim(), new Set(keys.split(',').map((key) => key.trim())))
  }
  const listFor = (resource: string): ReadonlySet<string> | undefined => lists.get(resource) ?? lists.get('*')
  return {
    covers: (resource) => listFor(resource) !== undefined,
    labelsOf(resource, prefix, values) {
      const allowed = listFor(resource)
      const keys = Object.keys(values).filter((key) => allowed?.has('*') || allowed?.has(key))
      return prometheusLabels(prefix, keys.sort(), values)
    },
  }
}

/** Different keys that become the same label get the suffixes `_conflict1`, `_conflict2`, as in kube-state-metrics. */
function prometheusLabels(prefix: string, keys: readonly string[], values: Readonly<Record<string, string>>): Labels {
  const byName = new Map<string, string[]>()
  for (const key of keys) {
    const name = `${prefix}_${snakeCase(labelName(key))}`
    byName.set(name, [...(byName.get(name) ?? []), key])
  }
  const labels: Record<string, string | undefined> = {}
  for (const [name, same] of byName)
    same.forEach((key, i) => (labels[same.length === 1 ? name : `${name}_conflict${i + 1}`] = values[key]))
  return labels
}

const snakeCase = (name: string): string => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
