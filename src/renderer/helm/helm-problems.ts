import { parseDocument } from 'yaml'
import { locate } from '../panels/manifest/fields.ts'
import type { Problem } from '../panels/manifest/problems.ts'

/**
 * What Helm says of values, at their places: Helm 4 and 3.18 write `at '/image/tag': got number, want string`, those
 * before `image.tag: Invalid type. Expected: string, given: integer`.
 */
export function helmProblems(said: string, text: string): Problem[] {
  const document = parseDocument(text)
  const found = said.split('\n').flatMap((line): Problem[] => {
    const [, pointer, newer] = /at '(\/[^']*|)': (.*)$/.exec(line) ?? []
    const [, field, older] = /^\s*- ([\w.()[\]-]+): (.*)$/.exec(line) ?? []
    const path =
      newer !== undefined
        ? (pointer ?? '').split('/').filter(Boolean).map(readStep)
        : older !== undefined
          ? (field ?? '').replace('(root)', '').split('.').filter(Boolean).map(readStep)
          : undefined
    if (path === undefined) return []
    const { span } = locate(document, path)
    return [
      {
        ...{ severity: 'error', source: 'helm', message: newer ?? older ?? '' },
        ...(path.length > 0 ? { field: path.join('.') } : {}),
        ...span,
      },
    ]
  })
  return found
}

const readStep = (step: string): string | number => (/^\d+$/.test(step) ? Number(step) : step)
