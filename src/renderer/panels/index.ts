import type { Component } from 'vue'
import { defineAsyncComponent } from 'vue'
import type { PanelKind } from '../stores/dock.ts'

/** What the dock can hold. Loaded when first shown: editor and terminal are the face's two heavy parts. */
export const panels: Record<PanelKind, Component> = {
  logs: defineAsyncComponent(() => import('./LogsPanel.vue')),
  terminal: defineAsyncComponent(() => import('./TerminalPanel.vue')),
  edit: defineAsyncComponent(() => import('./EditPanel.vue')),
  deploy: defineAsyncComponent(() => import('./DeployPanel.vue')),
}
