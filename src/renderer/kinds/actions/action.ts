import type { Component } from 'vue'
import type { ContextColour } from '#shared/contract/settings.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import type { Access } from '../../composables/useAccess.ts'
import type { ClusterActions } from '../../composables/useActions.ts'
import type { LogSource, Panel } from '../../stores/dock.ts'
import type { Dialogs } from '../../stores/dialogs.ts'
import { t } from '../../texts/index.ts'
import type { KubectlVerb } from './kubectl-command.ts'
import type { useForwards } from '../../stores/forwards.ts'
import type { Back } from '../../api/carrier.ts'

type Forwards = Pick<ReturnType<typeof useForwards>, 'reach'>

/** Something that can be done to an object: a button of its page and its drawer, and a key where it has one. */
export interface Action<T extends KubeObject = KubeObject> {
  id: string
  /** A verb: `Restart`. */
  label: string
  /** Where the verb depends on the object. */
  labelOf?(object: T & Stored): string
  icon: Component
  /** Key on the list and on the page: `l`. */
  key?: string
  /** It changes nothing, so that it may be done in a context that is locked. */
  reads?: true
  /** It needs workers that are containers of this machine; elsewhere it is not offered. */
  onMachine?: true
  /** Something is lost by it. */
  danger?: boolean
  /** Whether it can be done; else the reason, for the user. */
  enabled?(object: T & Stored, access: Access): true | string
  /** What kubectl calls it; unset where it has no word for it. */
  kubectl?(object: T & Stored): KubectlVerb
  /** @throws Error with what to tell the user */
  run(object: T & Stored, tools: ActionTools): void | Promise<void>
}

/** What actions need to know of a kind. */
export interface ActionKind {
  resource: Resource
  title: string
  logs?(object: Stored): LogSource | undefined
}

/** What an action works with, bound to the context and the kind of its object. */
export interface ActionTools {
  context: string
  kind: ActionKind
  /** Where an object is: `dev / shop`. */
  placeOf(object: Stored): string
  /** The colour of the context. */
  colour: ContextColour
  /** The kubectl command that does it to the object. */
  kubectl(object: Stored, does: KubectlVerb): string
  cluster: ClusterActions
  dock: { show(panel: Panel): void }
  dialogs: Dialogs
  forwards: Forwards
  back: Pick<Back, 'takeovers'>
  /** What is chosen already, where the user asked for it by a button of its own: the revision to go back to. */
  chosen?: number | undefined
  /** Says that something is done. */
  say(text: string): void
  /** Says how far a long action is, in place of its label. */
  progress(text: string): void
}

/** `true`, or what is lacking: `You may not patch deployments/scale in shop.` @param resource another than the object's kind */
export function mayOr(
  access: Access,
  verb: string,
  object: KubeObject,
  { subresource, resource }: { subresource?: string; resource?: Resource } = {},
): true | string {
  if (access.may(verb, object, { subresource, resource })) return true
  const { namespace } = object.metadata
  const plural = resource?.plural ?? access.plural
  const what = subresource ? `${plural}/${subresource}` : plural
  return namespace ? t('dialogs.mayNotIn', { verb, what, namespace }) : t('dialogs.mayNot', { verb, what })
}

/** `true` where every condition holds, or what the first one lacks. */
export const allOr = (...conditions: (true | string)[]): true | string =>
  conditions.find((condition) => condition !== true) ?? true
