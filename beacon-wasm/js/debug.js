// Prints a beacon into the console, a table for each kind of section, for who embeds the beacon: `data-debug` on the script tag. The layout is
// stated in beacon-format/src/encode.rs; names are those of beacon-format's types. Loaded only where a page asks for it, so no page pays for it.

// How a field is read: n a number, o a number or nothing, s a text, b a byte, t a truth, i an id, f a double; else one of these words.
const WORDS = {
  reason: 'settled hidden goal stub server',
  nav: '- entry inner',
  navigation_type: 'navigate reload back_forward prerender back_forward_cache soft',
  delivery_type: 'network cache navigational_prefetch',
  initiator: 'other script link css image fetch xhr frame media beacon',
  effective_type: 'unknown slow2g two_g three_g four_g',
  connection: 'unknown bluetooth cellular ethernet none wifi wimax other mixed',
  confidence: 'unknown high low',
  interaction: 'unknown pointer keyboard',
  error: 'uncaught rejection resource csp reported',
};
const EARLIER = 'n:started_ms t:is_named s:page nav:nav n:lcp_ms';
const TOTAL =
  'n:count n:cached n:blocking n:opaque n:failed n:slowest_ms n:duration_ms n:transfer_bytes n:decoded_bytes';
const SECTIONS = {
  1: ['head', 's:site n:time_origin_ms n:sent_after_ms i:session_id i:view_id n:seq reason:reason n:weight t:simulated'],
  2: [
    'view',
    's:path s:name s:referrer_host nav:nav navigation_type:navigation_type n:view_number n:http_status t:hidden_at_start o:hidden_at_ms o:counted_lcp_ms',
    'previous',
    EARLIER,
  ],
  3: [
    'navigation',
    'n:activation_start n:redirect_start n:redirect_end n:worker_start n:fetch_start n:domain_lookup_start n:domain_lookup_end n:connect_start n:secure_connection_start n:connect_end n:request_start n:first_interim_response_start n:response_start n:response_end n:dom_interactive n:dom_content_loaded_start n:dom_content_loaded_end n:dom_complete n:load_event_start n:load_event_end b:redirect_count n:transfer_bytes n:encoded_bytes n:decoded_bytes s:protocol delivery_type:delivery_type confidence:confidence',
    'server_timings',
    's:name n:duration_ms s:description',
  ],
  4: [
    'vitals',
    'o:ttfb_ms o:fcp_ms o:lcp_ms o:inp_ms o:cls_e4 s:lcp_element s:lcp_url o:fp_ms o:lcp_load_delay_ms o:lcp_load_duration_ms o:lcp_render_delay_ms o:inp_at_ms o:inp_input_delay_ms o:inp_processing_ms o:inp_presentation_ms interaction:inp_kind s:inp_element n:interactions o:cls_largest_e4 o:cls_largest_at_ms s:cls_element',
  ],
  5: [
    'context',
    'effective_type:effective_type n:rtt_ms n:downlink_kbps t:save_data n:device_memory_mib n:cores n:viewport_width n:viewport_height n:pixel_ratio_e2 s:language s:release s:experiment_arm',
    'dimensions',
    's:key s:value',
    'connection:connection',
  ],
  6: ['resources', 'n:seen'],
  7: [
    'resource',
    's:url initiator:initiator n:start n:duration n:domain_lookup_start n:domain_lookup_end n:connect_start n:secure_connection_start n:connect_end n:request_start n:response_start n:response_end n:transfer_bytes n:encoded_bytes n:decoded_bytes n:http_status b:flags s:protocol delivery_type:delivery_type',
  ],
  8: ['error', 'error:kind n:at_ms s:message s:source n:line n:column n:count n:counted'],
  9: ['goal', 's:name f:value n:at_ms', 'earlier_views', EARLIER],
  10: ['life', 'n:visible_ms n:scroll_depth_pct n:rage_clicks n:dead_clicks n:dropped_entries n:truncated n:own_cpu_us n:own_bytes'],
  11: ['frames', 'n:count n:blocking_ms n:longest_ms t:are_tasks'],
  12: [
    'frame',
    'n:start n:duration n:blocking n:layout n:script_ms n:forced_layout_ms s:script_url s:function s:invoker',
  ],
  13: ['timing', 't:is_measure n:start n:duration s:name'],
  14: ['type', `initiator:initiator ${TOTAL}`],
  15: ['host', `s:host ${TOTAL}`],
  16: ['kept', 'f:kept_ms'],
};

// A beacon's sections in their order: [[name, fields]].
export const decode = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections = [];
  let at = 1;
  let end;
  const read = {
    b: () => view.getUint8(at++),
    t: () => read.b() > 0,
    n() {
      let number = 0;
      for (let factor = 1; ; factor *= 128) {
        const byte = read.b();
        number += (byte & 127) * factor;
        if (byte < 128) return number;
      }
    },
    o() {
      const number = read.n();
      return number ? number - 1 : null;
    },
    s() {
      const length = read.n();
      at += length;
      return new TextDecoder().decode(bytes.subarray(at - length, at));
    },
    i: () => view.getBigUint64((at += 8) - 8, true).toString(16).padStart(16, '0'),
    f: () => view.getFloat64((at += 8) - 8, true),
  };
  const word = (type) => {
    const byte = read.b();
    return WORDS[type].split(' ')[byte] ?? byte;
  };
  const row = (fields = '') => {
    const told = {};
    for (const field of fields.split(' ')) {
      const [type, name] = field.split(':');
      // Fields that the format was given later are missing in older beacons.
      if (name && at < end) told[name] = read[type] ? read[type]() : word(type);
    }
    return told;
  };
  while (at < bytes.length) {
    const tag = read.b();
    end = view.getUint16(at, true) + at + 2;
    at += 2;
    const [name, fields, list, of, more] = SECTIONS[tag] ?? [`section ${tag}`];
    const told = row(fields);
    // A flag or a count, and so many rows.
    if (list && at < end) told[list] = Array.from({ length: Math.min(read.n(), end - at) }, () => row(of));
    Object.assign(told, row(more));
    at = end;
    sections.push([name, told]);
  }
  return sections;
};

const table = (name, rows) => {
  console.log(name);
  console.table(rows.length > 1 ? rows : rows[0]);
  for (const row of rows) {
    for (const [key, value] of Object.entries(row)) if (value?.[0] && typeof value == 'object') table(`${name}: ${key}`, value);
  }
};

// Never throws.
export default (bytes, reason) => {
  try {
    const kinds = new Map();
    for (const [name, fields] of decode(bytes)) kinds.set(name, [...(kinds.get(name) ?? []), fields]);
    console.groupCollapsed(`slowtax: ${WORDS.reason.split(' ')[reason] ?? reason}, ${bytes.length} bytes`);
    kinds.forEach((rows, name) => table(name, rows));
    console.groupEnd();
  } catch (error) {
    console.log('slowtax: a beacon that cannot be shown', error);
  }
};
