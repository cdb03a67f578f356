// Plays scenes with @rudderstack/rudder-sdk-node; gzip is its default.
import { gunzipSync } from 'node:zlib'

import { message, pause, play, tell, wrongClock } from './stage.mjs'

wrongClock(play.clock_is_off_by)
const { default: Analytics } = await import('@rudderstack/rudder-sdk-node')

await tell('@rudderstack/rudder-sdk-node', async (scene) => {
  const errors = []
  const analytics = new Analytics(scene.write_key, {
    dataPlaneUrl: scene.host,
    flushAt: scene.batch,
    flushInterval: scene.interval * 1000,
    timeout: 60_000,
    logLevel: 'none',
    errorHandler: (error) => {
      const { code, message: text } = error.response?.data ?? {}
      errors.push({ type: error.name, status: error.response?.status, code, message: text })
    },
  })
  const answered = scene.calls.map(
    (call) =>
      new Promise((resolve) => {
        analytics[call.call](message(call), (_error, data) => resolve(data))
      }),
  )
  await analytics.flush()
  // Every call is answered with the whole batch it went out in, as it went out.
  const batches = new Set(await Promise.all(answered))
  const ids = [...batches].flatMap((sent) => JSON.parse(gunzipSync(sent)).batch.map((one) => one.messageId))
  await pause(scene.linger ?? 0)
  return { message_ids: ids, errors }
})
