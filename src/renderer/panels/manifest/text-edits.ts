import { isCollection, isMap, isScalar, isSeq, type Document, type Node } from 'yaml'
import type { Change } from './three-way.ts'
import { plainPath, type FieldPath } from './fields.ts'
import { readManifests, toText, type Manifest } from './documents.ts'

/**
 * Writes values into the fields of one document of a text; undefined takes a field out. Comments and the rest of the
 * text stay. @param index of the document among the text's objects
 */
export function writeFields(text: string, index: number, changes: readonly Change[]): string {
  const manifest = readManifests(text).manifests[index]
  if (!manifest || changes.length === 0) return text
  for (const { path, value } of changes) writeField(manifest, path, value)
  return replaceDocument(text, manifest)
}

/** Writes a value into a document; undefined takes the field out, and the maps that are empty without it. */
export function writeField({ document, at }: Pick<Manifest, 'document' | 'at'>, path: FieldPath, value: unknown): void {
  const object: unknown = document.toJS()
  const full = [...at, ...path]
  const plain = plainPath(object, full)
  if (value === undefined) {
    if (plain) deleteAndPrune(document, plain, at.length)
    return
  }
  if (plain) {
    makeParents(document, plain)
    document.setIn(plain, withRemarksOf(document.getIn(plain, true), document.createNode(value)))
    return
  }
  // An item that the list does not have yet.
  const parent = plainPath(object, full.slice(0, -1))
  if (!parent) return
  const list = document.getIn(parent)
  if (isSeq(list)) list.add(document.createNode(value))
  else document.setIn(parent, document.createNode([value]))
}

/** A value that takes the place of another has the remark beside it. */
function withRemarksOf(old: unknown, node: Node): Node {
  if (isScalar(old) && isScalar(node)) Object.assign(node, { comment: old.comment, commentBefore: old.commentBefore })
  return node
}

/** `setIn` makes no map of an empty parent (`labels:`) or text, and an ordered one of a missing one. */
function makeParents(document: Document.Parsed, path: readonly (string | number)[]): void {
  for (let depth = 0; depth < path.length; depth++) {
    const parent = path.slice(0, depth)
    if (!isCollection(document.getIn(parent, true))) document.setIn(parent, document.createNode({}))
  }
}

/** Takes out a field, and the maps that are empty without it. */
function deleteAndPrune(document: Document.Parsed, path: readonly (string | number)[], keep: number): void {
  document.deleteIn(path)
  const parent = path.slice(0, -1)
  if (parent.length <= keep) return
  const left = document.getIn(parent, true)
  if ((isMap(left) || isSeq(left)) && left.items.length === 0) deleteAndPrune(document, parent, keep)
}

function replaceDocument(text: string, { document, from, to }: Manifest): string {
  const written = toText(document)
  const before = text.slice(0, from)
  const after = text.slice(to)
  return before + written + (after === '' || written.endsWith('\n') ? after : `\n${after}`)
}

/** The smallest replacement that makes one text of another: the cursor and what is folded stay where they are. */
export function smallestChange(was: string, is: string): { from: number; to: number; insert: string } {
  let start = 0
  const most = Math.min(was.length, is.length)
  while (start < most && was[start] === is[start]) start++
  let end = 0
  while (end < most - start && was[was.length - 1 - end] === is[is.length - 1 - end]) end++
  return { from: start, to: was.length - end, insert: is.slice(start, is.length - end) }
}

/** Every document as the YAML library writes it: two spaces, one blank at most; comments stay. Text in error stays as it is. */
export function format(text: string): string {
  const { manifests, mistakes } = readManifests(text)
  if (mistakes.length > 0) return text
  const documents = [...new Set(manifests.map(({ document }) => document))]
  return documents.reverse().reduce((all, document) => {
    const manifest = manifests.find((each) => each.document === document)
    return manifest ? replaceDocument(all, manifest) : all
  }, text)
}
