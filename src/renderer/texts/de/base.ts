import type * as en from '../en/base.ts'
import type { Translation } from '../translation.ts'

export const base: Translation<typeof en.base> = {
  moreActions: 'Mehr von {name}',
  cancel: 'Abbrechen',
  close: 'Schließen',
  copy: 'Kopieren',
  copyDetails: 'Einzelheiten kopieren',
  copied: 'Kopiert',
  dismiss: 'Ausblenden',
  retry: 'Wiederholen',
  loading: 'Wird geladen',
  working: 'In Arbeit',
  more: 'ein weiterer | {n} weitere',
  none: 'Keine',
  all: 'Alle',
  typeToConfirm: 'Zur Bestätigung {name} eingeben',
  nameToConfirm: 'Name zur Bestätigung',
}
export const units: Translation<typeof en.units> = {
  years: '{n} J',
}
