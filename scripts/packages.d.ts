import type { Plugin } from 'esbuild'

/** Plug-in of esbuild that leaves packages outside the bundle, but for those that come as hundreds of small modules. */
export declare const packages: Plugin
