import { createRouter, createWebHashHistory, type RouteRecordRaw } from 'vue-router'
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

export const routes: readonly RouteRecordRaw[] = [
  { path: '/', name: 'clusters', component: withTexts(['home'], () => import('./views/ClustersView.vue')) },
  {
    path: '/c/:context/access',
    name: 'access',
    meta: { title: 'shell.pages.access' },
    component: withTexts(['access', 'pages'], () => import('./views/access/AccessView.vue')),
  },
  {
    path: '/c/:context/overview/:namespace?',
    name: 'overview',
    meta: { title: 'shell.pages.overview' },
    component: withTexts(['charts', 'explain', 'overview', 'pages'], () => import('./views/overview/OverviewView.vue')),
  },
  {
    path: '/c/:context/port-forwards',
    name: 'forwards',
    meta: { title: 'shell.pages.forwards' },
    component: withTexts(['forwards'], () => import('./views/forwards/ForwardsView.vue')),
  },
  {
    path: '/c/:context/topology/:namespace?',
    name: 'topology',
    meta: { title: 'shell.pages.topology' },
    component: withTexts(
      ['explain', 'overview', 'pages', 'topology'],
      () => import('./views/topology/TopologyView.vue'),
    ),
  },
  {
    path: '/c/:context/time-machine',
    name: 'time-machine',
    meta: { title: 'shell.pages.timeMachine' },
    component: withTexts(['pages', 'time-machine'], () => import('./views/time-machine/TimeMachineView.vue')),
  },
  {
    path: '/c/:context/time-machine/:plural/:namespace/:name',
    name: 'object-history',
    meta: { title: 'shell.pages.timeMachine' },
    component: withTexts(['pages', 'time-machine'], () => import('./views/time-machine/ObjectHistoryView.vue')),
  },
  {
    path: '/c/:context/promote/:namespace?',
    name: 'promote',
    meta: { title: 'shell.pages.promote' },
    component: withTexts(['editor', 'pages', 'promote'], () => import('./views/promote/PromoteView.vue')),
  },
  {
    path: '/c/:context/helm',
    name: 'helm',
    meta: { title: 'shell.pages.helm' },
    component: withTexts(['helm'], () => import('./views/helm/HelmView.vue')),
  },
  {
    path: '/c/:context/helm-install',
    name: 'helm-install',
    meta: { title: 'shell.pages.helm' },
    component: withTexts(['editor', 'helm', 'pages'], () => import('./views/helm/PlanView.vue')),
  },
  {
    path: '/c/:context/helm/:namespace/:name',
    name: 'helm-release',
    meta: { title: 'shell.pages.helm' },
    component: withTexts(['helm'], () => import('./views/helm/ReleaseView.vue')),
  },
  {
    path: '/c/:context/helm/:namespace/:name/upgrade',
    name: 'helm-upgrade',
    meta: { title: 'shell.pages.helm' },
    component: withTexts(['editor', 'helm', 'pages'], () => import('./views/helm/PlanView.vue')),
  },
  {
    path: '/c/:context/:plural',
    name: 'list',
    component: withTexts(objectTexts, () => import('./views/ListView.vue')),
  },
  {
    path: '/c/:context/:plural/:namespace/:name',
    name: 'object',
    component: withTexts(objectTexts, () => import('./views/ObjectView.vue')),
  },
  {
    path: '/care/:cluster',
    name: 'care',
    meta: { title: 'shell.pages.care' },
    component: withTexts(['care', 'home'], () => import('./views/care/CareView.vue')),
  },
  {
    path: '/settings/:section?',
    name: 'settings',
    meta: { title: 'shell.settings' },
    component: withTexts(['yours'], () => import('./views/settings/SettingsView.vue')),
  },
  {
    path: '/yours',
    name: 'yours',
    meta: { title: 'settings.sections.yours' },
    component: withTexts(['editor', 'yours'], () => import('./views/yours/YoursView.vue')),
  },
  { path: '/:rest(.*)*', redirect: '/' },
]

/** Every view has an address. It is behind the hash, because assets have relative addresses. */
export const router = createRouter({ history: createWebHashHistory(), routes })
