import type { Component } from 'vue'
import { createRouter, createWebHashHistory, type RouteRecordRaw } from 'vue-router'
import { loadPart } from './composables/load-part.ts'
import type { Area } from './texts/areas.ts'
import { withTexts, type TextKey } from './texts/index.ts'

declare module 'vue-router' {
  interface RouteMeta {
    /** In the window's title. */
    title?: TextKey
  }
}

/** Of lists and of the pages of objects, which are shown beside each other. */
const objectTexts: readonly Area[] = ['charts', 'columns', 'editor', 'explain', 'forwards', 'loop', 'pages']

const page = (load: () => Promise<Component>) => (): Promise<Component> => loadPart(load)

export const routes: readonly RouteRecordRaw[] = [
  {
    path: '/',
    name: 'clusters',
    component: page(withTexts(['care', 'home', 'overview'], () => import('./views/ClustersView.vue'))),
  },
  {
    path: '/c/:context/access',
    name: 'access',
    meta: { title: 'shell.pages.access' },
    component: page(withTexts(['access', 'pages'], () => import('./views/access/AccessView.vue'))),
  },
  {
    path: '/c/:context/overview/:namespace?',
    name: 'overview',
    meta: { title: 'shell.pages.overview' },
    component: page(
      withTexts(['charts', 'explain', 'overview', 'pages'], () => import('./views/overview/OverviewView.vue')),
    ),
  },
  {
    path: '/c/:context/port-forwards',
    name: 'forwards',
    meta: { title: 'shell.pages.forwards' },
    component: page(withTexts(['forwards'], () => import('./views/forwards/ForwardsView.vue'))),
  },
  {
    path: '/c/:context/topology/:namespace?',
    name: 'topology',
    meta: { title: 'shell.pages.topology' },
    component: page(
      withTexts(['explain', 'overview', 'pages', 'topology'], () => import('./views/topology/TopologyView.vue')),
    ),
  },
  {
    path: '/c/:context/time-machine',
    name: 'time-machine',
    meta: { title: 'shell.pages.timeMachine' },
    component: page(withTexts(['pages', 'time-machine'], () => import('./views/time-machine/TimeMachineView.vue'))),
  },
  {
    path: '/c/:context/time-machine/:plural/:namespace/:name',
    name: 'object-history',
    meta: { title: 'shell.pages.timeMachine' },
    component: page(withTexts(['pages', 'time-machine'], () => import('./views/time-machine/ObjectHistoryView.vue'))),
  },
  {
    path: '/c/:context/promote/:namespace?',
    name: 'promote',
    meta: { title: 'shell.pages.promote' },
    component: page(withTexts(['editor', 'pages', 'promote'], () => import('./views/promote/PromoteView.vue'))),
  },
  {
    path: '/c/:context/helm',
    name: 'helm',
    meta: { title: 'shell.pages.helm' },
    component: page(withTexts(['helm'], () => import('./views/helm/HelmView.vue'))),
  },
  {
    path: '/c/:context/helm-install',
    name: 'helm-install',
    meta: { title: 'shell.pages.helm' },
    component: page(withTexts(['editor', 'helm', 'pages'], () => import('./views/helm/PlanView.vue'))),
  },
  {
    path: '/c/:context/helm/:namespace/:name',
    name: 'helm-release',
    meta: { title: 'shell.pages.helm' },
    component: page(withTexts(['helm'], () => import('./views/helm/ReleaseView.vue'))),
  },
  {
    path: '/c/:context/helm/:namespace/:name/upgrade',
    name: 'helm-upgrade',
    meta: { title: 'shell.pages.helm' },
    component: page(withTexts(['editor', 'helm', 'pages'], () => import('./views/helm/PlanView.vue'))),
  },
  {
    path: '/c/:context/:plural',
    name: 'list',
    component: page(withTexts(objectTexts, () => import('./views/ListView.vue'))),
  },
  {
    path: '/c/:context/:plural/:namespace/:name',
    name: 'object',
    component: page(withTexts(objectTexts, () => import('./views/ObjectView.vue'))),
  },
  {
    path: '/care/:cluster',
    name: 'care',
    meta: { title: 'shell.pages.care' },
    component: page(withTexts(['care', 'home'], () => import('./views/care/CareView.vue'))),
  },
  {
    path: '/settings/:section?',
    name: 'settings',
    meta: { title: 'shell.settings' },
    component: page(withTexts(['yours'], () => import('./views/settings/SettingsView.vue'))),
  },
  {
    path: '/yours',
    name: 'yours',
    meta: { title: 'settings.sections.yours' },
    component: page(withTexts(['editor', 'yours'], () => import('./views/yours/YoursView.vue'))),
  },
  { path: '/:rest(.*)*', redirect: '/' },
]

/** Every view has an address. It is behind the hash, because assets have relative addresses. */
export const router = createRouter({ history: createWebHashHistory(), routes })
