import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { schemaInfo } from './schema-docs.ts'
import { schemaAt, settle, typeOf, type SchemaSource } from './schema.ts'

/** The path of a position in its document, by indentation, so that it also works on text that is not valid YAML yet. */
export function pathAt(
  lines: readonly string[],
  line: number,
  indent: number,
): { path: (string | number)[]; start: number } {
  let start = line
  while (start > 0 && !/^---/.test(lines[start - 1] ?? '')) start--
  const path: (string | number)[] = []
  let limit = indent
  for (let at = line - 1; at >= start; at--) {
    const text = lines[at] ?? ''
    const match = /^(\s*)((?:- )*)([\w.$/-]+):/.exec(text)
    const dash = /^(\s*)- /.exec(text)
    if (
      dash &&
      (dash[1] ?? '').length < limit &&
      (!match || (match[1] ?? '').length + (match[2] ?? '').length >= limit)
    ) {
      path.unshift(0)
      limit = (dash[1] ?? '').length + 1
      if (limit > indent) limit = indent
      limit = (dash[1] ?? '').length + 0.5
      continue
    }
    if (!match) continue
    const column = (match[1] ?? '').length + (match[2] ?? '').length
    if (column < limit) {
      path.unshift(match[3] ?? '')
      limit = column
      if (match[2]) {
        path.unshift(0)
        limit = (match[1] ?? '').length + 0.5
      }
    }
  }
  return { path, start }
}

/** Completes keys and enumerated values from the cluster's schema. */
export function completeFrom(schemas: SchemaSource): (context: CompletionContext) => Promise<CompletionResult | null> {
  return async (context) => {
    const { state, pos } = context
    const line = state.doc.lineAt(pos)
    const before = line.text.slice(0, pos - line.from)
    const word = /^(\s*(?:- )*)([\w.$/-]*)$/.exec(before)
    const value = /^\s*(?:- )*([\w.$/-]+):\s+(\S*)$/.exec(before)
    if (!word && !value) return null
    const lines = state.doc.toString().split('\n')
    const indent = (word?.[1] ?? /^\s*(?:- )*/.exec(before)?.[0] ?? '').length
    const { path, start } = pathAt(lines, line.number - 1, indent)
    if (word?.[1]?.includes('- ') && path.at(-1) !== 0) path.push(0)
    const document = lines.slice(start)
    const field = (name: string): string =>
      new RegExp(`^${name}:\\s*["']?([^"'\\s]+)`).exec(
        document.find((text) => text.startsWith(`${name}:`)) ?? '',
      )?.[1] ?? ''
    const apiVersion = field('apiVersion')
    const kind = field('kind')
    await schemas.load(apiVersion, kind).catch(() => undefined)
    const known = schemas.known(apiVersion, kind)
    if (!known) return null
    if (value) {
      const schema = schemaAt(known.root, [...path, value[1] ?? ''], known.all)
      const options = schema?.enum ?? (schema?.type === 'boolean' ? ['true', 'false'] : [])
      return options.length > 0
        ? { from: pos - (value[2] ?? '').length, options: options.map((label) => ({ label: String(label) })) }
        : null
    }
    const schema = schemaAt(known.root, path, known.all)
    const properties = Object.entries(schema?.properties ?? {})
    if (properties.length === 0 || (word?.[2] === '' && !context.explicit)) return null
    return {
      from: pos - (word?.[2] ?? '').length,
      options: properties.map(([label, property]) => {
        const settled = settle(property, known.all)
        return {
          label,
          apply: `${label}: `,
          detail: typeOf(settled),
          info: () =>
            schemaInfo(label, settled, { required: schema?.required?.includes(label) ?? false, takes: 'Tab' }),
          boost: schema?.required?.includes(label) ? 1 : 0,
        }
      }),
    }
  }
}
