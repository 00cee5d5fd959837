import type * as en from '../en/shell.ts'
import type { Translation } from '../translation.ts'

export const shell: Translation<typeof en.shell> = {
  skipToContent: 'Zum Inhalt springen',
  allClusters: 'Alle Cluster',
  notRunning: 'Dieser Cluster läuft nicht.',
  signOut: 'Abmelden',
  notices: {
    title: 'Meldungen',
    none: 'Noch keine Meldungen',
    clear: 'Leeren',
  },
  signedOut: {
    title: 'Sie sind abgemeldet',
    text: 'Ihre Cluster laufen weiter. Zum erneuten Anmelden führen Sie dies dort aus, wo Slipway läuft, und öffnen Sie die ausgegebene Adresse. Sie gilt einmal.',
  },
}
