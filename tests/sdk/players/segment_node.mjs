// Plays scenes with @segment/analytics-node.
import { message, pause, play, tell, wrongClock } from './stage.mjs'

wrongClock(play.clock_is_off_by)
const { Analytics } = await import('@segment/analytics-node')

await tell('@segment/analytics-node', async (scene) => {
  const analytics = new Analytics({
    writeKey: scene.write_key,
    host: scene.host,
    flushAt: scene.batch,
    flushInterval: scene.interval * 1000,
    httpRequestTimeout: 60_000,
  })
  const errors = []
  analytics.on('error', (error) => {
    const reason = String(error.reason?.message ?? error.reason)
    errors.push({ type: error.code, status: Number(reason.match(/\[(\d+)\]/)?.[1]), message: reason })
  })
  const ids = []
  scene.calls.forEach((call, number) => {
    analytics[call.call](message(call), (_error, context) => {
      ids[number] = context.event.messageId
    })
  })
  await analytics.closeAndFlush()
  await pause(scene.linger ?? 0)
  return { message_ids: ids, errors }
})
