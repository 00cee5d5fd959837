import type { Component } from 'vue'
import { latePart } from '../components/late-part.ts'
import type { PanelName } from '../stores/dock.ts'
import { withTexts } from '../texts/index.ts'

/** What the dock can hold. Loaded when first shown: editor and terminal are the two heavy parts of the page. */
export const panels: Record<PanelName, Component> = {
  logs: latePart(() => import('./LogsPanel.vue')),
  terminal: latePart(() => import('./TerminalPanel.vue')),
  edit: latePart(withTexts(['editor'], () => import('./EditPanel.vue'))),
  deploy: latePart(withTexts(['editor'], () => import('./DeployPanel.vue'))),
  command: latePart(withTexts(['yours'], () => import('./CommandPanel.vue'))),
  build: latePart(withTexts(['loop'], () => import('./BuildPanel.vue'))),
}
