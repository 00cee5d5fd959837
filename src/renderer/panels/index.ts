import type { Component } from 'vue'
import { defineAsyncComponent } from 'vue'
import type { PanelName } from '../stores/dock.ts'
import { withTexts } from '../texts/index.ts'

/** What the dock can hold. Loaded when first shown: editor and terminal are the two heavy parts of the page. */
export const panels: Record<PanelName, Component> = {
  logs: defineAsyncComponent(() => import('./LogsPanel.vue')),
  terminal: defineAsyncComponent(() => import('./TerminalPanel.vue')),
  edit: defineAsyncComponent(withTexts(['editor'], () => import('./EditPanel.vue'))),
  deploy: defineAsyncComponent(withTexts(['editor'], () => import('./DeployPanel.vue'))),
  command: defineAsyncComponent(withTexts(['yours'], () => import('./CommandPanel.vue'))),
  build: defineAsyncComponent(withTexts(['loop'], () => import('./BuildPanel.vue'))),
}
