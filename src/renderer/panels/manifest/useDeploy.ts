import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { standIn } from '#shared/client/applier.ts'
import { createRehearsal, type Unchecked } from '#shared/client/rehearsal.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Tone } from '../../components/tone.ts'
import { t } from '../../texts/index.ts'
import type { Applier } from './apply.ts'
import { inOrder, readManifests, type Manifest } from './documents.ts'
import { refusalOf, type Problem, type Refusal } from './problems.ts'

/** What became of one object. */
export interface DeployResult {
  title: string
  outcome: string
  tone: Tone
  reason?: string
  /** Of the object in the text. */
  index: number
  /** Where the server refused it. */
  refusal?: Refusal
}

export interface Deploy {
  error: Ref<string>
  results: ShallowRef<readonly DeployResult[]>
  busy: Ref<boolean>
  /** One at a time. @param namespace of objects that name none @returns whether every object is deployed */
  run(text: string, namespace: string, dryRun: boolean): Promise<boolean>
}

/**
 * Applies the objects of a text one after the other, each with its own result.
 * @param check what the schemas say against an object
 */
export function useDeploy(applier: Applier, check: (manifest: Manifest) => readonly Problem[]): Deploy {
  const error = ref('')
  const results = shallowRef<readonly DeployResult[]>([])
  const busy = ref(false)

  async function applyAll(manifests: readonly Manifest[], namespace: string, dryRun: boolean): Promise<boolean> {
    const placeOf = ({ metadata }: KubeObject): string => metadata.namespace ?? namespace
    const objects = manifests.map(({ object }) => object)
    const rehearse = createRehearsal(applier, objects, { namespace })
    /** Groups whose kinds are being established by definitions of this text. */
    const defined = new Set<string>()
    let complete = true
    for (const manifest of inOrder(manifests)) {
      const { kind = '', metadata } = manifest.object
      const outcome = await (dryRun ? rehearseOne(manifest) : applyOne(manifest.object)).catch(refused)
      if (outcome.tone === 'bad') complete = false
      const title = `${kind} ${metadata.name ?? `${metadata.generateName ?? ''}…`}`
      results.value = [...results.value, { title, index: manifests.indexOf(manifest), ...outcome }]
    }
    return complete

    async function applyOne(object: KubeObject): Promise<Outcome> {
      const { outcome } = await applier.apply(object, { namespace, defined })
      if (object.kind === 'CustomResourceDefinition') defined.add(groupOf(object))
      return { outcome: t(`editor.deploy.${outcome}`), tone: outcome === 'unchanged' ? 'quiet' : 'good' }
    }

    async function rehearseOne(manifest: Manifest): Promise<Outcome> {
      const rehearsed = await rehearse(manifest.object)
      if (rehearsed.checked === 'no') return bySchema(manifest, reasonOf(manifest.object, rehearsed))
      const outcome = rehearsed.checked === 'there' ? rehearsed.outcome : 'created'
      return {
        ...{ outcome: t(`editor.deploy.would.${outcome}`), tone: outcome === 'unchanged' ? 'quiet' : 'good' },
        ...(rehearsed.checked === 'elsewhere'
          ? { reason: t('editor.deploy.checkedThere', { namespace: placeOf(manifest.object), standIn }) }
          : {}),
      }
    }

    /** Why the server could not check it. */
    function reasonOf(object: KubeObject, { lacks, what, message }: Unchecked): string {
      if (lacks === 'definition') return t('editor.deploy.notServed', { kind: what })
      if (lacks === 'object') return t('editor.deploy.needs', { what })
      return t('editor.deploy.notAllowedThere', { namespace: placeOf(object), standIn, reason: message })
    }

    /** What the server cannot check is held against the schema of its kind. */
    function bySchema(manifest: Manifest, reason: string): Outcome {
      const errors = check(manifest).filter(({ severity }) => severity === 'error')
      if (errors.length === 0) return { outcome: t('editor.deploy.would.created'), tone: 'good', reason }
      const causes = errors.map(({ field, message }) => ({ reason: '', message, ...(field ? { field } : {}) }))
      const said = causes.map(({ field, message }) => `${field ?? ''} ${message}`.trim()).join('; ')
      return { outcome: t('editor.deploy.failed'), tone: 'bad', reason: said, refusal: { message: said, causes } }
    }
  }

  return {
    error,
    results,
    busy,
    async run(text, namespace, dryRun) {
      if (busy.value) return false
      error.value = ''
      results.value = []
      const { manifests, mistakes } = readManifests(text)
      const [mistake] = mistakes
      if (mistake || manifests.length === 0) {
        error.value = mistake
          ? t('editor.lineSays', { line: mistake.line, message: mistake.message })
          : t('editor.off.empty')
        return false
      }
      busy.value = true
      try {
        return await applyAll(manifests, namespace, dryRun)
      } finally {
        busy.value = false
      }
    },
  }
}

type Outcome = Pick<DeployResult, 'outcome' | 'tone' | 'reason' | 'refusal'>

function refused(failure: unknown): Outcome {
  const refusal = refusalOf(failure)
  return { outcome: t('editor.deploy.failed'), tone: 'bad', reason: refusal.message, refusal }
}

const groupOf = (definition: KubeObject & { spec?: { group?: string } }): string => definition.spec?.group ?? ''
