import type { yours as en } from '../en/yours.ts'
import type { Translation } from '../translation.ts'

export const yours: Translation<typeof en> = {
  title: 'Eigenes',
  about: 'Ihre eigenen Aktionen, Spalten, Links und Tastenkürzel, in einer Datei, die Sie teilen können.',
  open: 'Im Editor öffnen',
  back: 'Einstellungen',
  editor: 'Ihre Datei',
  save: 'Speichern',
  saved: 'Gespeichert und in Kraft',
  savedWithProblems: 'Gespeichert. Die Fassung davor bleibt in Kraft, bis diese keine Fehler mehr hat.',
  conflict: 'Die Datei wurde inzwischen geändert',
  conflictText:
    'Ein anderes Fenster oder ein Editor hat {file} geschrieben, seit Sie sie geöffnet haben. Überschreiben verwirft das. Laden setzt es an die Stelle Ihres Textes, den Sie zurückholen können.',
  overwrite: 'Überschreiben',
  loadTheirs: 'Laden',
  loaded: 'Die Datei ist zu sehen, wie sie jetzt ist',
  bringBack: 'Meinen Text zurückholen',
  notInForce:
    'Die Datei hat {n} Fehler: Ihre letzte gute Fassung bleibt in Kraft. | Die Datei hat {n} Fehler: Ihre letzte gute Fassung bleibt in Kraft.',
  problems: 'Fehler',
  line: 'Zeile {line}',
  empty: 'noch nichts',
  counts: '{actions} Aktionen, {columns} Spalten, {links} Links, {shortcuts} Tastenkürzel',
  unsaved: 'Geändert, nicht gespeichert',
  command: {
    confirm:
      'Dieser Befehl ist neu oder hat sich geändert. Er läuft auf dieser Maschine, mit Zugriff auf {context}, sobald Sie ihn bestätigen.',
    run: 'Ausführen',
    ended: 'endete mit {code}',
    stopped: 'Abgebrochen',
    stop: 'Abbrechen',
    again: 'Noch einmal ausführen',
    output: 'Ausgabe des Befehls',
  },
}
