//! The binary encoding, written without allocating.
//!
//! **Layout.** One byte [`FORMAT_VERSION`], then sections: one byte [`Tag`], two bytes length (little-endian), that many bytes.
//! Head comes first and once; what a view has one of at most once; the others any number of times within [`limits`](crate::limits).
//! A reader skips tags that it does not know, and bytes of a section after the fields that it knows; fields that were added to the end of a
//! section later may be missing, and are then not known.
//!
//! **Fields.** `n` an unsigned LEB128 integer; `n?` the same plus one, 0 for none; `s` a byte length as `n` and UTF-8; `b` one byte;
//! `id` eight bytes and `f` an IEEE 754 double, both little-endian. In the order in which the encoder below writes them.
//!
//! **When the buffer is full** a section is left out whole, except that a goal drops its oldest earlier views first. The caller writes the
//! sections in the order of their importance.

use crate::types::{
    Beacon, Context, EarlierView, Goal, Head, HostTotal, LongFrame, LongFrames, NavigationTiming, PageError, PageLife,
    PageName, PageView, ResourceTiming, ResourceTotal, TypeTotal, UserTiming, WebVitals,
};
use crate::{FORMAT_VERSION, limits};

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// [`Head`]
    Head = 1,
    /// [`PageView`]
    View = 2,
    /// [`NavigationTiming`]
    Navigation = 3,
    /// [`WebVitals`]
    Vitals = 4,
    /// [`Context`]
    Context = 5,
    /// How many resources the page has loaded: `n`.
    ResourcesSeen = 6,
    /// [`ResourceTiming`]
    Resource = 7,
    /// [`PageError`]
    Error = 8,
    /// [`Goal`]
    Goal = 9,
    /// [`PageLife`]
    Life = 10,
    /// [`LongFrames`], without the worst.
    Frames = 11,
    /// [`LongFrame`]
    Frame = 12,
    /// [`UserTiming`]
    Timing = 13,
    /// [`TypeTotal`]
    TypeTotal = 14,
    /// [`HostTotal`]
    HostTotal = 15,
    /// How long the beacon was kept, in milliseconds: `f`. Put behind a finished beacon by who kept it.
    Kept = 16,
}

/// Writes sections into a buffer of the caller's.
pub struct Encoder<'b> {
    buffer: &'b mut [u8],
    length: usize,
    /// Bytes at the end of the buffer that are held back.
    held_back: usize,
    /// Set when a write did not fit; the section being written is then taken back.
    full: bool,
}

impl<'b> Encoder<'b> {
    /// Starts a beacon in `buffer`, which holds at least one byte; what does not fit is left out, section by section.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        let mut encoder = Self { buffer, length: 0, held_back: 0, full: false };
        encoder.byte(FORMAT_VERSION);
        encoder
    }

    /// Keeps that many bytes at the end of the buffer for what must fit, whatever is written before it; 0 gives them free.
    pub fn hold_back(&mut self, bytes: usize) {
        self.held_back = bytes;
    }

    /// How many bytes of the buffer hold the beacon.
    pub fn finish(self) -> usize {
        self.length
    }

    fn section(&mut self, tag: Tag, write: impl FnOnce(&mut Self)) -> bool {
        self.tagged(tag as u8, write)
    }

    /// Writes one section; `false` when it did not fit and was left out. For a caller that has a section's fields at hand, but not its
    /// type: it writes them with the methods below, in the order of the type's own method.
    pub fn tagged(&mut self, tag: u8, write: impl FnOnce(&mut Self)) -> bool {
        let start = self.begin(tag);
        write(self);
        self.end(start)
    }

    fn begin(&mut self, tag: u8) -> usize {
        let start = self.length;
        self.byte(tag);
        self.byte(0);
        self.byte(0);
        start
    }

    fn end(&mut self, start: usize) -> bool {
        let body = u16::try_from(self.length.wrapping_sub(start + 3));
        if let (Ok(body), Some([low, high]), false) = (body, self.buffer.get_mut(start + 1..start + 3), self.full) {
            [*low, *high] = body.to_le_bytes();
            return true;
        }
        self.length = start;
        self.full = false;
        false
    }

    /// Writes `b`.
    pub fn byte(&mut self, byte: u8) {
        let has_room = self.length + self.held_back < self.buffer.len();
        match self.buffer.get_mut(self.length) {
            Some(slot) if has_room => {
                *slot = byte;
                self.length += 1;
            }
            _ => self.full = true,
        }
    }

    /// Writes bytes as they are: `id`, `f`.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.byte(*byte);
        }
    }

    /// Writes `n`.
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.byte(number.to_le_bytes()[0]);
    }

    fn ms(&mut self, ms: u32) {
        self.number(u64::from(ms));
    }

    fn option(&mut self, number: Option<u32>) {
        self.number(number.map_or(0, |n| u64::from(n) + 1));
    }

    fn string(&mut self, string: &str, bytes_max: usize) {
        self.text(string.as_bytes(), bytes_max);
    }

    /// Writes `s`: UTF-8, cut at a character's boundary to `bytes_max`.
    pub fn text(&mut self, utf8: &[u8], bytes_max: usize) {
        let mut end = utf8.len().min(bytes_max);
        // A byte 10xxxxxx goes on with the character of the byte before it.
        while end > 0 && utf8.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
            end -= 1;
        }
        self.number(end as u64);
        self.bytes(utf8.get(..end).unwrap_or_default());
    }

    /// Writes the head. It comes first.
    pub fn head(&mut self, head: &Head) -> bool {
        self.section(Tag::Head, |w| {
            w.string(&head.site, limits::SITE_BYTES_MAX);
            w.number(head.time_origin_ms);
            w.ms(head.sent_after_ms);
            w.bytes(&head.session_id.0.to_le_bytes());
            w.bytes(&head.view_id.0.to_le_bytes());
            w.number(u64::from(head.seq));
            w.byte(head.reason as u8);
            w.ms(head.weight);
            w.byte(u8::from(head.simulated));
        })
    }

    /// Writes the view.
    pub fn view(&mut self, view: &PageView) -> bool {
        self.section(Tag::View, |w| {
            w.string(&view.path, limits::PATH_BYTES_MAX);
            // A name of no bytes is no name.
            w.string(view.name.as_deref().unwrap_or_default(), limits::NAME_BYTES_MAX);
            w.string(&view.referrer_host, limits::HOST_BYTES_MAX);
            w.byte(view.nav as u8);
            w.byte(view.navigation_type as u8);
            w.number(u64::from(view.view_number));
            w.number(u64::from(view.http_status));
            w.byte(u8::from(view.hidden_at_start));
            w.option(view.hidden_at_ms);
            w.option(view.counted_lcp_ms);
            w.byte(u8::from(view.previous.is_some()));
            if let Some(previous) = &view.previous {
                w.earlier_view(previous);
            }
        })
    }

    fn earlier_view(&mut self, view: &EarlierView) {
        self.number(view.started_ms);
        match &view.page {
            PageName::Path(path) => {
                self.byte(0);
                self.string(path, limits::PATH_BYTES_MAX);
            }
            PageName::Name(name) => {
                self.byte(1);
                self.string(name, limits::NAME_BYTES_MAX);
            }
        }
        self.byte(view.nav as u8);
        self.ms(view.lcp_ms);
    }

    /// Writes the navigation timing.
    pub fn navigation(&mut self, timing: &NavigationTiming) -> bool {
        self.section(Tag::Navigation, |w| {
            for mark in [
                timing.activation_start,
                timing.redirect_start,
                timing.redirect_end,
                timing.worker_start,
                timing.fetch_start,
                timing.domain_lookup_start,
                timing.domain_lookup_end,
                timing.connect_start,
                timing.secure_connection_start,
                timing.connect_end,
                timing.request_start,
                timing.first_interim_response_start,
                timing.response_start,
                timing.response_end,
                timing.dom_interactive,
                timing.dom_content_loaded_start,
                timing.dom_content_loaded_end,
                timing.dom_complete,
                timing.load_event_start,
                timing.load_event_end,
            ] {
                w.ms(mark);
            }
            w.byte(timing.redirect_count);
            w.number(timing.transfer_bytes);
            w.number(timing.encoded_bytes);
            w.number(timing.decoded_bytes);
            w.string(&timing.protocol, limits::TOKEN_BYTES_MAX);
            w.byte(timing.delivery_type as u8);
            w.byte(timing.confidence as u8);
            let server = timing.server_timings.get(..limits::SERVER_TIMINGS_MAX).unwrap_or(&timing.server_timings);
            w.number(server.len() as u64);
            for timing in server {
                w.string(&timing.name, limits::NAME_BYTES_MAX);
                w.ms(timing.duration_ms);
                w.string(&timing.description, limits::NAME_BYTES_MAX);
            }
        })
    }

    /// Writes the vitals.
    pub fn vitals(&mut self, vitals: &WebVitals) -> bool {
        self.section(Tag::Vitals, |w| {
            for vital in [vitals.ttfb_ms, vitals.fcp_ms, vitals.lcp_ms, vitals.inp_ms, vitals.cls_e4] {
                w.option(vital);
            }
            w.string(&vitals.lcp_element, limits::SELECTOR_BYTES_MAX);
            w.string(&vitals.lcp_url, limits::URL_BYTES_MAX);
            for vital in [
                vitals.fp_ms,
                vitals.lcp_load_delay_ms,
                vitals.lcp_load_duration_ms,
                vitals.lcp_render_delay_ms,
                vitals.inp_at_ms,
                vitals.inp_input_delay_ms,
                vitals.inp_processing_ms,
                vitals.inp_presentation_ms,
            ] {
                w.option(vital);
            }
            w.byte(vitals.inp_kind as u8);
            w.string(&vitals.inp_element, limits::SELECTOR_BYTES_MAX);
            w.ms(vitals.interactions);
            w.option(vitals.cls_largest_e4);
            w.option(vitals.cls_largest_at_ms);
            w.string(&vitals.cls_element, limits::SELECTOR_BYTES_MAX);
        })
    }

    /// Writes the context.
    pub fn context(&mut self, context: &Context) -> bool {
        self.section(Tag::Context, |w| {
            w.byte(context.effective_type as u8);
            w.ms(context.rtt_ms);
            w.ms(context.downlink_kbps);
            w.byte(u8::from(context.save_data));
            w.ms(context.device_memory_mib);
            w.number(u64::from(context.cores));
            w.ms(context.viewport_width);
            w.ms(context.viewport_height);
            w.ms(context.pixel_ratio_e2);
            w.string(&context.language, limits::TOKEN_BYTES_MAX);
            w.string(&context.release, limits::NAME_BYTES_MAX);
            w.string(&context.experiment_arm, limits::NAME_BYTES_MAX);
            let dimensions = context.dimensions.get(..limits::DIMENSIONS_MAX).unwrap_or(&context.dimensions);
            w.number(dimensions.len() as u64);
            for (key, value) in dimensions {
                w.string(key, limits::NAME_BYTES_MAX);
                w.string(value, limits::NAME_BYTES_MAX);
            }
            w.byte(context.connection as u8);
        })
    }

    /// Writes how it was used.
    pub fn life(&mut self, life: &PageLife) -> bool {
        self.section(Tag::Life, |w| {
            for number in [
                life.visible_ms,
                life.scroll_depth_pct,
                life.rage_clicks,
                life.dead_clicks,
                life.dropped_entries,
                life.truncated,
                life.own_cpu_us,
                life.own_bytes,
            ] {
                w.ms(number);
            }
        })
    }

    /// Writes the sums over the long frames.
    pub fn frames(&mut self, frames: &LongFrames) -> bool {
        self.section(Tag::Frames, |w| {
            w.ms(frames.count);
            w.ms(frames.blocking_ms);
            w.ms(frames.longest_ms);
            w.byte(u8::from(frames.are_tasks));
        })
    }

    /// Writes one long frame.
    pub fn frame(&mut self, frame: &LongFrame) -> bool {
        self.section(Tag::Frame, |w| {
            for time in
                [frame.start, frame.duration, frame.blocking, frame.layout, frame.script_ms, frame.forced_layout_ms]
            {
                w.ms(time);
            }
            w.string(&frame.script_url, limits::URL_BYTES_MAX);
            w.string(&frame.function, limits::NAME_BYTES_MAX);
            w.string(&frame.invoker, limits::NAME_BYTES_MAX);
        })
    }

    /// Writes one mark or measure.
    pub fn timing(&mut self, timing: &UserTiming) -> bool {
        self.section(Tag::Timing, |w| {
            w.byte(u8::from(timing.is_measure));
            w.ms(timing.start);
            w.ms(timing.duration);
            w.string(&timing.name, limits::NAME_BYTES_MAX);
        })
    }

    /// Writes the sums over the resources that one kind of thing asked for.
    pub fn type_total(&mut self, total: &TypeTotal) -> bool {
        self.section(Tag::TypeTotal, |w| {
            w.byte(total.initiator as u8);
            w.total(&total.total);
        })
    }

    /// Writes the sums over the resources of a host.
    pub fn host_total(&mut self, total: &HostTotal) -> bool {
        self.section(Tag::HostTotal, |w| {
            w.string(&total.host, limits::HOST_BYTES_MAX);
            w.total(&total.total);
        })
    }

    fn total(&mut self, total: &ResourceTotal) {
        for number in
            [total.count, total.cached, total.blocking, total.opaque, total.failed, total.slowest_ms, total.duration_ms]
        {
            self.ms(number);
        }
        self.number(total.transfer_bytes);
        self.number(total.decoded_bytes);
    }

    /// Writes how long the beacon was kept.
    pub fn kept(&mut self, kept_ms: u32) -> bool {
        self.section(Tag::Kept, |w| w.bytes(&f64::from(kept_ms).to_le_bytes()))
    }

    /// Writes how many resources the page has loaded.
    pub fn resources_seen(&mut self, seen: u32) -> bool {
        self.section(Tag::ResourcesSeen, |w| w.ms(seen))
    }

    /// Writes one resource.
    pub fn resource(&mut self, resource: &ResourceTiming) -> bool {
        self.section(Tag::Resource, |w| {
            w.string(&resource.url, limits::URL_BYTES_MAX);
            w.byte(resource.initiator as u8);
            for mark in [
                resource.start,
                resource.duration,
                resource.domain_lookup_start,
                resource.domain_lookup_end,
                resource.connect_start,
                resource.secure_connection_start,
                resource.connect_end,
                resource.request_start,
                resource.response_start,
                resource.response_end,
            ] {
                w.ms(mark);
            }
            w.number(resource.transfer_bytes);
            w.number(resource.encoded_bytes);
            w.number(resource.decoded_bytes);
            w.number(u64::from(resource.http_status));
            w.byte(u8::from(resource.render_blocking) | (u8::from(resource.opaque) << 1));
            w.string(&resource.protocol, limits::TOKEN_BYTES_MAX);
            w.byte(resource.delivery_type as u8);
        })
    }

    /// Writes one error.
    pub fn error(&mut self, error: &PageError) -> bool {
        self.section(Tag::Error, |w| {
            w.byte(error.kind as u8);
            w.ms(error.at_ms);
            w.string(&error.message, limits::MESSAGE_BYTES_MAX);
            w.string(&error.source, limits::URL_BYTES_MAX);
            w.ms(error.line);
            w.ms(error.column);
            w.ms(error.count);
            w.ms(error.counted);
        })
    }

    /// Writes one goal. Where not all of its earlier views fit, the most recent ones that do are kept (they are given oldest first).
    pub fn goal(&mut self, goal: &Goal) -> bool {
        let left_out = goal.earlier_views.len().saturating_sub(limits::EARLIER_VIEWS_MAX);
        let mut views = goal.earlier_views.get(left_out..).unwrap_or_default();
        loop {
            let written = self.section(Tag::Goal, |w| {
                w.string(&goal.name, limits::NAME_BYTES_MAX);
                w.bytes(&goal.value.to_le_bytes());
                w.ms(goal.at_ms);
                w.number(views.len() as u64);
                for view in views {
                    w.earlier_view(view);
                }
            });
            match views {
                [_, rest @ ..] if !written => views = rest,
                _ => return written,
            }
        }
    }
}

/// Encodes a whole beacon into `buffer`, the most important sections first, and returns its length. Sections that say nothing are left out.
pub fn encode(beacon: &Beacon, buffer: &mut [u8]) -> usize {
    let mut encoder = Encoder::new(buffer);
    encoder.head(&beacon.head);
    if beacon.head.kept_ms > 0 {
        encoder.kept(beacon.head.kept_ms);
    }
    if let Some(view) = &beacon.view {
        encoder.view(view);
    }
    if beacon.vitals != WebVitals::default() {
        encoder.vitals(&beacon.vitals);
    }
    for goal in &beacon.goals {
        encoder.goal(goal);
    }
    if let Some(navigation) = &beacon.navigation {
        encoder.navigation(navigation);
    }
    if beacon.context != Context::default() {
        encoder.context(&beacon.context);
    }
    if beacon.life != PageLife::default() {
        encoder.life(&beacon.life);
    }
    for error in &beacon.errors {
        encoder.error(error);
    }
    if beacon.resources.seen > 0 {
        encoder.resources_seen(beacon.resources.seen);
    }
    if beacon.frames != LongFrames::default() {
        encoder.frames(&beacon.frames);
    }
    for total in &beacon.resources.types {
        encoder.type_total(total);
    }
    for timing in &beacon.timings {
        encoder.timing(timing);
    }
    for frame in &beacon.frames.worst {
        encoder.frame(frame);
    }
    for total in &beacon.resources.hosts {
        encoder.host_total(total);
    }
    for resource in &beacon.resources.entries {
        encoder.resource(resource);
    }
    encoder.finish()
}
