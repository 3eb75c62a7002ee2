import { createHash } from 'node:crypto'
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

const KEPT = ['field', 'field.webmanifest', 'field-192.png', 'field-512.png']

/** Writes into the service worker which files the field page needs without a network, and a version that follows from them. */
function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      const chunks = Object.values(bundle).flatMap((one) => (one.type === 'chunk' ? [one] : []))
      const needed = new Set<string>()
      const follow = (name: string): void => {
        const chunk = chunks.find(({ fileName }) => fileName === name)
        if (!chunk || needed.has(name)) return
        needed.add(name)
        for (const style of chunk.viteMetadata?.importedCss ?? []) needed.add(style)
        chunk.imports.forEach(follow)
      }
      follow(chunks.find(({ name, isEntry }) => isEntry && name === 'field')!.fileName)
      for (const name of Object.keys(bundle)) if (/^assets\/(journal|favicon)-/.test(name)) needed.add(name)
      const files = [...KEPT, ...[...needed].sort()]
      const version = createHash('sha256')
      for (const name of files) version.update(readFileSync(join(dir!, name === 'field' ? 'field.html' : name)))
      const file = join(dir!, 'field-worker.js')
      const head = `const SHELL = ${JSON.stringify(files)}, VERSION = '${version.digest('hex').slice(0, 16)}'\n`
      writeFileSync(file, head + readFileSync(file, 'utf8'))
    },
  }
}

/** Writes .br and .gz beside every text file, so that the server compresses nothing at run time. */
function compressed(): Plugin {
  const text = /\.(js|css|html|svg|json|txt|webmanifest)$/
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
  plugins: [mapWorker(), offline(), compressed()],
  resolve: { alias: [{ find: /^maplibre-gl$/, replacement: join(engine, 'index.ts') }] },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
    rollupOptions: {
      input: { index: 'index.html', field: 'field.html', 'field-worker': 'src/field/workers/offline.ts' },
      output: { entryFileNames: ({ name }) => (name === 'field-worker' ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
})
