import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const engine = resolve(import.meta.dirname, 'node_modules/maplibre-gl/src')

/**
 * Bundles MapLibre's worker in the same build as the page.
 *
 * Built from its sources, page and worker share one chunk; the published pair of files carries
 * that code twice, which is 120 kB more over the wire (gzip).
 */
function mapWorker(): Plugin {
  const id = 'virtual:map-worker'
  let chunk = ''
  return {
    name: 'map-worker',
    buildStart() {
      if (this.meta.watchMode) return
      chunk = this.emitFile({ type: 'chunk', id: join(engine, 'source/worker.ts'), name: 'map-worker' })
    },
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load: (source) => (source === `\0${id}` ? `export default import.meta.ROLLUP_FILE_URL_${chunk}` : undefined),
  }
}

/** Writes .br and .gz beside every text file, so that the server compresses nothing at run time. */
function compressed(): Plugin {
  const text = /\.(js|css|html|svg|json|txt)$/
  let directory = ''
  return {
    name: 'compressed',
    apply: 'build',
    configResolved: (config) => void (directory = resolve(config.root, config.build.outDir)),
    closeBundle() {
      for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !text.test(entry.name)) continue
        const file = join(entry.parentPath, entry.name)
        const bytes = readFileSync(file)
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }))
      }
    },
  }
}

export default defineConfig({
  base: './',
  plugins: [mapWorker(), compressed()],
  resolve: { alias: [{ find: /^maplibre-gl$/, replacement: join(engine, 'index.ts') }] },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
  },
})
