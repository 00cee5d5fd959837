import { createApplier as createAnyApplier, type Applier } from '#shared/client/applier.ts'
import type { Transport } from '#shared/client/transport.ts'
import { t } from '../../texts/index.ts'

export type { Applier }

/** Applies objects, with its failures in the language of the window. @param fieldManager owns what is applied */
export const createApplier = (transport: Transport, fieldManager?: string): Applier =>
  createAnyApplier({
    transport,
    unknownKind: (kind, apiVersion) => t('editor.deploy.unknownKind', { kind, apiVersion }),
    ...(fieldManager === undefined ? {} : { fieldManager }),
  })
