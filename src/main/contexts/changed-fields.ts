import { isDeepStrictEqual } from 'node:util'

/** Fields that are named for one change; a change of more is told by its first ones. */
const mostFields = 20

/** @returns the paths of fields that differ, such as `spec.template.spec.containers[0].image`, in the order of `after`. */
export function changedFields(before: unknown, after: unknown): string[] {
  const paths: string[] = []
  collect(before, after, '', paths)
  return paths
}

function collect(before: unknown, after: unknown, path: string, paths: string[]): void {
  if (paths.length >= mostFields || isDeepStrictEqual(before, after)) return
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, item] of after.entries()) collect(before[index], item, `${path}[${index}]`, paths)
  } else if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)]))
      collect(before[key], after[key], joined(path, key), paths)
  } else paths.push(path)
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keys with dots or slashes, as of annotations, are written in brackets. */
function joined(path: string, key: string): string {
  if (/[./[\]]/.test(key)) return `${path}['${key}']`
  return path === '' ? key : `${path}.${key}`
}
