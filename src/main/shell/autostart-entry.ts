/**
 * A desktop entry that starts a program at login.
 * @param words the command, which is quoted by the rules of desktop entries
 */
export function autostartEntry(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word.replaceAll(/["`$\\]/g, '\\$&').replaceAll('%', '%%')}"`)
  return `[Desktop Entry]\nType=Application\nName=Slipway\nExec=${quoted.join(' ')}\nX-GNOME-Autostart-enabled=true\n`
}
