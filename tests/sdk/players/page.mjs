// Runs in the page, bundled from npm files alone: plays one scene with @segment/analytics-next.
import { AnalyticsBrowser } from '@segment/analytics-next'

const CALLS = {
  page: (analytics, call, options) => analytics.page(call.category, call.name, call.properties, options),
  screen: (analytics, call, options) => analytics.screen(call.category, call.name, call.properties, options),
  track: (analytics, call, options) => analytics.track(call.event, call.properties, options),
  identify: (analytics, call, options) => analytics.identify(call.user_id, call.traits, options),
  group: (analytics, call, options) => analytics.group(call.group_id, call.traits, options),
  alias: (analytics, call, options) => analytics.alias(call.user_id, call.previous_id, options),
}

window.performScene = async (scene) => {
  const errors = []
  const loader = AnalyticsBrowser.load(scene.load)
  let analytics
  try {
    ;[analytics] = await loader
  } catch (error) {
    return { message_ids: [], errors: [{ type: 'load', message: String(error.message) }] }
  }
  analytics.on('error', ({ code, reason }) => {
    const message = String(reason?.message ?? reason)
    errors.push({ type: code, status: Number(message.match(/\d+$/)?.[0]), message })
  })
  if (scene.anonymous_id) analytics.setAnonymousId(scene.anonymous_id)
  if (scene.user_id) analytics.user().id(scene.user_id)
  const ids = []
  for (const call of scene.calls) {
    const options = 'at' in call ? { timestamp: new Date(Date.now() + call.at * 1000) } : {}
    // One by one: the SDK looks up who the user is some time after the call.
    const { event } = await CALLS[call.call](analytics, call, options)
    ids.push(event.messageId)
  }
  return { message_ids: ids, errors }
}
