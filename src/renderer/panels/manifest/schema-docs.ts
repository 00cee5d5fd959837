import { t } from '../../texts/index.ts'
import { fieldAt } from './fields.ts'
import { readManifests, type Manifest } from './documents.ts'
import { schemaAt, typeOf, type Schema, type SchemaSource } from './schema.ts'

/** What the cluster's schema says of the field at an offset; nothing where it says nothing. */
export function docsAt(
  text: string,
  offset: number,
  schemas: SchemaSource,
): { from: number; to: number; name: string; schema: Schema; required: boolean } | undefined {
  const manifest = readManifests(text).manifests.find(({ from, to }) => from <= offset && offset <= to)
  return manifest && fieldDocs(manifest, offset, schemas)
}

/** What a schema says of the field at an offset of one document. */
export function fieldDocs(
  manifest: Pick<Manifest, 'document' | 'at' | 'object'>,
  offset: number,
  schemas: SchemaSource,
): ReturnType<typeof docsAt> {
  const field = fieldAt(manifest.document, offset)
  if (!field) return undefined
  const { apiVersion = '', kind = '' } = manifest.object
  const known = schemas.known(apiVersion, kind)
  const path = field.path.slice(manifest.at.length)
  const schema = known && schemaAt(known.root, path, known.all)
  if (!schema) return undefined
  const name = path.findLast((step) => typeof step === 'string') ?? ''
  const parent = schemaAt(known.root, path.slice(0, -1), known.all)
  return { ...field.span, name, schema, required: parent?.required?.includes(name) ?? false }
}

/** The words of a schema as a small card: name, type, default, description, what it may be. */
export function schemaInfo(
  name: string,
  schema: Schema | undefined,
  { required, takes }: { required: boolean; takes?: string },
): HTMLElement {
  const card = element('div', 'schema-docs')
  const head = card.appendChild(element('p', 'schema-docs-head'))
  head.append(element('b', '', name))
  const type = typeOf(schema)
  if (type) head.append(element('span', 'tag', type))
  if (required) head.append(element('span', 'tag', t('editor.docs.required')))
  const preset = schema?.default
  if (typeof preset === 'string' || typeof preset === 'number' || typeof preset === 'boolean')
    head.append(element('span', 'tag', t('editor.docs.default', { value: String(preset) })))
  if (schema?.description) card.append(element('p', '', schema.description))
  if (schema?.enum)
    card.append(element('p', '', t('editor.docs.oneOf', { values: schema.enum.map(String).join(', ') })))
  const foot = [schema?.named, takes && t('editor.docs.takes', { key: takes })].filter(Boolean).join(' · ')
  if (foot) card.append(element('p', 'schema-docs-foot', foot))
  return card
}

function element(tag: 'div' | 'p' | 'b' | 'span', className: string, text = ''): HTMLElement {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  return made
}
