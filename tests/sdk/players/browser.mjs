// Plays scenes with @segment/analytics-next in a real Chromium, on a page from an origin of its own.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'
import { chromium } from 'playwright-core'

import { pause, play, tell, wrongClock } from './stage.mjs'

const PATIENCE = 30
const SWITCHES = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

const [bundle, browser] = await Promise.all([
  build({
    entryPoints: [fileURLToPath(new URL('page.mjs', import.meta.url))],
    bundle: true, format: 'iife', platform: 'browser', minify: true, write: false, logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
  }),
  chromium.launch({ executablePath: play.chromium, args: SWITCHES, timeout: 60_000 }),
])

const shop = createServer((request, response) => {
  const script = request.url === '/page.js'
  response.setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8')
  const html = '<!doctype html><title>The shop</title><link rel="icon" href="data:,"><script src="/page.js"></script>'
  response.end(script ? bundle.outputFiles[0].contents : html)
})
await new Promise((resolve) => shop.listen(play.shop_port, '127.0.0.1', resolve))
const origin = `http://localhost:${play.shop_port}`

await tell('@segment/analytics-next', async (scene) => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const asked = []
  let posts = 0
  page.on('request', (request) => asked.push(request.url()))
  const count = (request) => (posts += request.method() === 'POST')
  page.on('requestfinished', count)
  page.on('requestfailed', count) // an answer that the page may not read is one too
  await page.addInitScript(`(${wrongClock})(${play.clock_is_off_by})`)
  await page.goto(`${origin}/shoes?size=9`)
  const done = await page.evaluate((told) => window.performScene(told), scene)
  for (let waited = 0; posts < scene.posts && waited < PATIENCE; waited += 0.05) await pause(0.05)
  await pause(scene.linger ?? 0)
  await context.close()
  const elsewhere = asked.filter((url) => !url.startsWith(`${origin}/`))
  return { ...done, asked: elsewhere }
})
