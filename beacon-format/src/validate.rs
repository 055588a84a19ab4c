//! Ranges that the types cannot express. Held for both encodings, so that behind the decoder nobody has to ask again.

use crate::DecodeError::{self, BadText, OutOfRange};
use crate::limits::{
    CLS_E4_MAX, DIMENSIONS_MAX, EARLIER_VIEWS_MAX, ERRORS_MAX, GOAL_VALUE_MAX, GOALS_MAX, HOST_BYTES_MAX,
    HOST_TOTALS_MAX, LONG_FRAMES_MAX, MESSAGE_BYTES_MAX, MILLISECONDS_MAX, NAME_BYTES_MAX, PATH_BYTES_MAX,
    RESOURCES_MAX, SELECTOR_BYTES_MAX, SERVER_TIMINGS_MAX, SITE_BYTES_MAX, TIME_ORIGIN_MS_RANGE, TOKEN_BYTES_MAX,
    TYPE_TOTALS_MAX, URL_BYTES_MAX, USER_TIMINGS_MAX, WEIGHT_MAX,
};
use crate::types::{
    Beacon, Context, EarlierView, Goal, Head, LongFrame, LongFrames, NavigationTiming, PageLife, PageName, PageView,
    ResourceTiming, Resources, WebVitals,
};

type Checked = Result<(), DecodeError>;

pub(crate) fn validate(beacon: &Beacon) -> Checked {
    head(&beacon.head)?;
    beacon.view.as_ref().map_or(Ok(()), view)?;
    beacon.navigation.as_ref().map_or(Ok(()), navigation)?;
    vitals(&beacon.vitals)?;
    context(&beacon.context)?;
    life(&beacon.life)?;
    frames(&beacon.frames)?;
    range(beacon.timings.len() <= USER_TIMINGS_MAX)?;
    for timing in &beacon.timings {
        ms([timing.start, timing.duration])?;
        text(&timing.name, NAME_BYTES_MAX)?;
    }
    resources(&beacon.resources)?;
    range(beacon.errors.len() <= ERRORS_MAX)?;
    for error in &beacon.errors {
        ms([error.at_ms])?;
        // Messages have line breaks by nature; whoever stores them makes them one line.
        range(error.message.len() <= MESSAGE_BYTES_MAX)?;
        text(&error.source, URL_BYTES_MAX)?;
    }
    range(beacon.goals.len() <= GOALS_MAX)?;
    beacon.goals.iter().try_for_each(goal)
}

fn range(holds: bool) -> Checked {
    if holds { Ok(()) } else { Err(OutOfRange) }
}

fn ms(times: impl IntoIterator<Item = u32>) -> Checked {
    range(times.into_iter().all(|time| time <= MILLISECONDS_MAX))
}

/// Text of at most `bytes_max` bytes without control characters.
fn text(text: &str, bytes_max: usize) -> Checked {
    range(text.len() <= bytes_max)?;
    if may_have_control(text) && text.chars().any(char::is_control) { Err(BadText) } else { Ok(()) }
}

/// Whether any byte is a control character, or the first of one that is two bytes long. Asked of all bytes without a way out, because
/// processors then answer for sixteen at once.
fn may_have_control(text: &str) -> bool {
    let mut found = false;
    for byte in text.bytes() {
        found |= byte < b' ';
        found |= byte == 0x7F;
        found |= byte == 0xC2;
    }
    found
}

fn named(name: &str, bytes_max: usize) -> Checked {
    range(!name.is_empty())?;
    text(name, bytes_max)
}

fn head(head: &Head) -> Checked {
    named(&head.site, SITE_BYTES_MAX)?;
    range(TIME_ORIGIN_MS_RANGE.contains(&head.time_origin_ms))?;
    ms([head.sent_after_ms, head.kept_ms])?;
    range((1..=WEIGHT_MAX).contains(&head.weight))
}

fn view(view: &PageView) -> Checked {
    named(&view.path, PATH_BYTES_MAX)?;
    view.name.as_deref().map_or(Ok(()), |name| named(name, NAME_BYTES_MAX))?;
    text(&view.referrer_host, HOST_BYTES_MAX)?;
    range(view.view_number >= 1 && view.http_status < 1000)?;
    ms(view.hidden_at_ms.into_iter().chain(view.counted_lcp_ms))?;
    view.previous.as_ref().map_or(Ok(()), earlier_view)
}

fn earlier_view(view: &EarlierView) -> Checked {
    match &view.page {
        PageName::Path(path) => named(path, PATH_BYTES_MAX)?,
        PageName::Name(name) => named(name, NAME_BYTES_MAX)?,
    }
    range(TIME_ORIGIN_MS_RANGE.contains(&view.started_ms))?;
    ms([view.lcp_ms])
}

fn navigation(timing: &NavigationTiming) -> Checked {
    text(&timing.protocol, TOKEN_BYTES_MAX)?;
    ms([
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
    ])?;
    range(timing.server_timings.len() <= SERVER_TIMINGS_MAX)?;
    for server in &timing.server_timings {
        ms([server.duration_ms])?;
        text(&server.name, NAME_BYTES_MAX)?;
        text(&server.description, NAME_BYTES_MAX)?;
    }
    Ok(())
}

fn vitals(vitals: &WebVitals) -> Checked {
    let times = [
        vitals.ttfb_ms,
        vitals.fcp_ms,
        vitals.lcp_ms,
        vitals.inp_ms,
        vitals.fp_ms,
        vitals.lcp_load_delay_ms,
        vitals.lcp_load_duration_ms,
        vitals.lcp_render_delay_ms,
        vitals.inp_at_ms,
        vitals.inp_input_delay_ms,
        vitals.inp_processing_ms,
        vitals.inp_presentation_ms,
        vitals.cls_largest_at_ms,
    ];
    ms(times.into_iter().flatten())?;
    range([vitals.cls_e4, vitals.cls_largest_e4].into_iter().flatten().all(|cls| cls <= CLS_E4_MAX))?;
    text(&vitals.lcp_element, SELECTOR_BYTES_MAX)?;
    text(&vitals.inp_element, SELECTOR_BYTES_MAX)?;
    text(&vitals.cls_element, SELECTOR_BYTES_MAX)?;
    text(&vitals.lcp_url, URL_BYTES_MAX)
}

fn life(life: &PageLife) -> Checked {
    ms([life.visible_ms])?;
    range(life.scroll_depth_pct <= 100)
}

fn frames(frames: &LongFrames) -> Checked {
    ms([frames.blocking_ms, frames.longest_ms])?;
    range(frames.worst.len() <= LONG_FRAMES_MAX)?;
    frames.worst.iter().try_for_each(frame)
}

fn frame(frame: &LongFrame) -> Checked {
    ms([frame.start, frame.duration, frame.blocking, frame.layout, frame.script_ms, frame.forced_layout_ms])?;
    text(&frame.script_url, URL_BYTES_MAX)?;
    text(&frame.function, NAME_BYTES_MAX)?;
    text(&frame.invoker, NAME_BYTES_MAX)
}

fn context(context: &Context) -> Checked {
    text(&context.language, TOKEN_BYTES_MAX)?;
    text(&context.release, NAME_BYTES_MAX)?;
    text(&context.experiment_arm, NAME_BYTES_MAX)?;
    range(context.dimensions.len() <= DIMENSIONS_MAX)?;
    for (key, value) in &context.dimensions {
        named(key, NAME_BYTES_MAX)?;
        text(value, NAME_BYTES_MAX)?;
    }
    Ok(())
}

fn resources(resources: &Resources) -> Checked {
    range(resources.entries.len() <= RESOURCES_MAX)?;
    resources.entries.iter().try_for_each(resource)?;
    range(resources.types.len() <= TYPE_TOTALS_MAX && resources.hosts.len() <= HOST_TOTALS_MAX)?;
    resources.hosts.iter().try_for_each(|host| text(&host.host, HOST_BYTES_MAX))?;
    let totals = resources.types.iter().map(|of| of.total).chain(resources.hosts.iter().map(|of| of.total));
    ms(totals.map(|total| total.slowest_ms))
}

fn resource(resource: &ResourceTiming) -> Checked {
    text(&resource.url, URL_BYTES_MAX)?;
    text(&resource.protocol, TOKEN_BYTES_MAX)?;
    range(resource.http_status < 1000)?;
    ms([
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
    ])
}

fn goal(goal: &Goal) -> Checked {
    named(&goal.name, NAME_BYTES_MAX)?;
    range(goal.value.is_finite() && goal.value.abs() <= GOAL_VALUE_MAX)?;
    ms([goal.at_ms])?;
    range(goal.earlier_views.len() <= EARLIER_VIEWS_MAX)?;
    goal.earlier_views.iter().try_for_each(earlier_view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_character_is_refused_and_no_other() {
        for character in '\0'..='\u{2fff}' {
            let refused = text(&format!("a text of more than sixteen bytes{character}é"), 100) == Err(BadText);
            assert_eq!(refused, character.is_control(), "{character:?}");
        }
    }
}
