import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { TypeCompiler, type JsonSchema } from '#shared/kube/patch/type-node.ts'
import { customResourceDefinitions } from '#shared/kube/resources.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { ResourceTable } from '../api/resources.ts'
import type { WebhookCaller } from '../webhooks/call.ts'
import { WebhookConversion } from './conversion.ts'
import { customKind, schemaOf } from './custom-kind.ts'
import { byVersionPriority } from './version-priority.ts'

interface Served {
  uid: string
  revision: string
  spec: CustomResourceDefinition['spec']
  schemas: string[]
}

/** Adds the kinds of definitions to the table of served resources, and removes them. */
export class CustomKinds {
  readonly #resources: ResourceTable
  readonly #builtIn: (name: string) => JsonSchema | undefined
  readonly #callWebhook: WebhookCaller | undefined
  readonly #schemas = new Map<string, JsonSchema>()
  /** The resources and schema names that each definition serves. */
  readonly #served = new Map<string, Served>()

  constructor(options: {
    resources: ResourceTable
    builtIn: (name: string) => JsonSchema | undefined
    /** Calls conversion webhooks; without it versions differ only in `apiVersion`. */
    callWebhook: WebhookCaller | undefined
  }) {
    this.#resources = options.resources
    this.#callWebhook = options.callWebhook
    this.#builtIn = options.builtIn
  }

  /** Returns the OpenAPI definition of a name, custom or built-in. */
  definition(name: string): JsonSchema | undefined {
    return this.#schemas.get(name) ?? this.#builtIn(name)
  }

  /** Serves stored definitions at start, before the first request. */
  load(reader: ObjectReader): void {
    for (const definition of reader.list(customResourceDefinitions)) if (isEstablished(definition)) this.put(definition)
  }

  /** Serves the current state of a definition. */
  put(definition: Stored<CustomResourceDefinition>): void {
    const { metadata, spec } = definition
    const { name, uid } = metadata
    const revision = `${metadata.generation ?? 0}/${metadata.deletionTimestamp ?? ''}`
    const known = this.#served.get(name)
    if (known?.uid === uid && known?.revision === revision) return
    if (known && known.uid === uid && metadata.deletionTimestamp && jsonEqual(known.spec, spec)) {
      // Its objects are being deleted and watches receive the events: only creates are refused.
      this.#resources.withdraw(spec.group, spec.names.plural, 'create')
      known.revision = revision
      return
    }
    this.remove(name)
    const schemas: string[] = []
    const conversion =
      spec.conversion?.strategy === 'Webhook' && this.#callWebhook
        ? new WebhookConversion(definition, this.#callWebhook)
        : undefined
    const compiler = new TypeCompiler((ref) => this.definition(ref))
    for (const version of [...spec.versions].sort((a, b) => byVersionPriority(a.name, b.name))) {
      if (!version.served) continue
      const kind = customKind(definition, version, conversion)
      const published = publishedSchema(definition, version.name, schemaOf(version) as JsonSchema)
      this.#schemas.set(kind.schema, published)
      schemas.push(kind.schema)
      this.#resources.add(kind, compiler.of(published), { schema: schemaOf(version), conversion })
    }
    this.#served.set(name, { uid, revision, spec, schemas })
  }

  remove(name: string): void {
    const known = this.#served.get(name)
    if (!known) return
    this.#served.delete(name)
    for (const schema of known.schemas) this.#schemas.delete(schema)
    const [plural = '', ...group] = name.split('.')
    this.#resources.remove(group.join('.'), plural)
  }
}

export const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') === true

/** Returns the OpenAPI schema of a custom kind: its own schema and the fields that every object has. */
function publishedSchema(definition: CustomResourceDefinition, version: string, schema: JsonSchema): JsonSchema {
  const { group, names } = definition.spec
  return {
    ...schema,
    type: 'object',
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string', description: 'The version of the schema that the object is written in.' },
      kind: { type: 'string', description: 'What the object is.' },
      metadata: {
        description: "Standard object's metadata.",
        allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
      },
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind: names.kind }],
  } as JsonSchema
}
