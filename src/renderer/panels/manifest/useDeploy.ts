import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Tone } from '../../components/tone.ts'
import type { Applier } from './apply.ts'
import { inOrder, readManifests, type Manifest } from './documents.ts'

/** What became of one object. */
export interface DeployResult {
  title: string
  outcome: string
  tone: Tone
  reason?: string
}

export interface Deploy {
  error: Ref<string>
  results: ShallowRef<readonly DeployResult[]>
  busy: Ref<boolean>
  /** @param namespace of objects that name none @returns whether every object is deployed */
  run(text: string, namespace: string, dryRun: boolean): Promise<boolean>
}

/** Applies the objects of a text one after the other, each with its own result. */
export function useDeploy(applier: Applier): Deploy {
  const error = ref('')
  const results = shallowRef<readonly DeployResult[]>([])
  const busy = ref(false)

  async function applyAll(manifests: readonly Manifest[], namespace: string, dryRun: boolean): Promise<boolean> {
    /** Namespaces that a dry run has not made: nothing in them can be checked. */
    const unmade = new Set<string>()
    /** Groups whose kinds are being established by definitions of this text. */
    const defined = new Set<string>()
    let complete = true
    for (const { object } of inOrder(manifests)) {
      const result = await applyOne(object)
      if (result.tone === 'bad') complete = false
      results.value = [...results.value, result]
    }
    return complete

    async function applyOne(object: KubeObject): Promise<DeployResult> {
      const { kind = '', metadata } = object
      const where = metadata.namespace ?? namespace
      const title = `${kind} ${metadata.name ?? `${metadata.generateName ?? ''}…`}`
      if (dryRun && unmade.has(where))
        return { title, outcome: 'not checked', tone: 'quiet', reason: `namespace ${where} does not exist yet` }
      try {
        const { outcome } = await applier.apply(object, { namespace, dryRun, defined })
        if (kind === 'CustomResourceDefinition' && !dryRun) defined.add(groupOf(object))
        if (kind === 'Namespace' && outcome === 'created') unmade.add(metadata.name ?? '')
        const tone = outcome === 'unchanged' ? 'quiet' : 'good'
        return { title, outcome: dryRun ? `would be ${outcome}` : outcome, tone }
      } catch (failure) {
        return { title, outcome: 'failed', tone: 'bad', reason: messageOf(failure) }
      }
    }
  }

  return {
    error,
    results,
    busy,
    async run(text, namespace, dryRun) {
      error.value = ''
      results.value = []
      const { manifests, mistakes } = readManifests(text)
      const [mistake] = mistakes
      if (mistake || manifests.length === 0) {
        error.value = mistake ? `Line ${mistake.line}: ${mistake.message}` : 'There is nothing to deploy yet.'
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

const groupOf = (definition: KubeObject & { spec?: { group?: string } }): string => definition.spec?.group ?? ''
