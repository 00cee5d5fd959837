import type * as en from '../en/palette.ts'
import type { Translation } from '../translation.ts'

export const palette: Translation<typeof en.palette> = {
  title: 'Befehlspalette',
  description: 'Findet Kontexte, Arten, Objekte, Aktionen und Einstellungen',
  groups: {
    actions: 'Aktionen',
    contexts: 'Kontexte',
    kinds: 'Arten',
    objects: 'Objekte',
    others: 'In anderen offenen Kontexten',
    settings: 'Einstellungen',
  },
  deploy: 'Bereitstellen',
  to: 'in {name}',
  in: 'in {name}',
  asksWhere: 'fragt nach dem Kontext',
  createCluster: 'Cluster anlegen',
  here: 'auf diesem Rechner',
  window: 'in diesem Fenster',
  openSettings: 'Einstellungen',
  searching: 'Objekte werden gesucht',
  nothing: 'Nichts passt zu „{text}“',
  choose: 'wählen',
  run: 'ausführen',
}
