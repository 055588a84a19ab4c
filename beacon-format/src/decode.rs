//! The decoders. The binary one borrows its strings from the body. Both hold every limit of [`limits`](crate::limits).

use std::borrow::Cow;

use crate::types::{
    Beacon, Confidence, ConnectionType, Context, DeliveryType, EarlierView, EffectiveType, ErrorKind, Goal, Head,
    HostTotal, Id, Initiator, InteractionKind, LongFrame, LongFrames, Nav, NavigationTiming, NavigationType, PageError,
    PageLife, PageName, PageView, Reason, ResourceTiming, ResourceTotal, ServerTiming, TypeTotal, UserTiming,
    WebVitals,
};
use crate::{FORMAT_VERSION, json, limits, stub, validate::validate};

/// Why a body is not a beacon. A closed list: the collector counts each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No bytes at all.
    #[error("the beacon is empty")]
    Empty,
    /// More than [`limits::BEACON_BYTES_MAX`].
    #[error("the beacon is too large")]
    TooLarge,
    /// The first byte is neither a known version nor `{`.
    #[error("the beacon's format version is not known")]
    UnknownVersion,
    /// It ends within a section or a field.
    #[error("the beacon is cut short")]
    Truncated,
    /// The first section is not the head.
    #[error("the beacon does not begin with its head")]
    NoHead,
    /// A section that may come once came again.
    #[error("a section of the beacon came twice")]
    Repeated,
    /// A string is not UTF-8 or has control characters.
    #[error("a string of the beacon is not clean text")]
    BadText,
    /// JSON that does not parse or does not fit.
    #[error("the beacon is not the JSON that is expected")]
    BadJson,
    /// A number, a length or a count is out of its range.
    #[error("a value of the beacon is out of range")]
    OutOfRange,
}

/// Decodes a body, binary or JSON by its first byte.
pub fn decode(body: &[u8]) -> Result<Beacon<'_>, DecodeError> {
    if body.len() > limits::BEACON_BYTES_MAX {
        return Err(DecodeError::TooLarge);
    }
    let beacon = match body {
        [] => return Err(DecodeError::Empty),
        _ if body.starts_with(stub::START) => stub::decode_stub(body)?,
        [b'{', ..] => json::decode_json(body)?,
        [FORMAT_VERSION, sections @ ..] => decode_sections(sections)?,
        _ => return Err(DecodeError::UnknownVersion),
    };
    validate(&beacon)?;
    Ok(beacon)
}

fn decode_sections(sections: &[u8]) -> Result<Beacon<'_>, DecodeError> {
    let mut rest = Reader { bytes: sections };
    let (tag, mut section) = rest.section()?.ok_or(DecodeError::NoHead)?;
    if tag != 1 {
        return Err(DecodeError::NoHead);
    }
    let mut beacon = Beacon { head: section.head()?, ..Beacon::default() };
    let mut seen = 1_u32 << 1;
    while let Some((tag, mut section)) = rest.section()? {
        if matches!(tag, 1..=6 | 10 | 11 | 16) {
            let bit = 1_u32 << tag;
            if seen & bit != 0 {
                return Err(DecodeError::Repeated);
            }
            seen |= bit;
        }
        match tag {
            2 => beacon.view = Some(section.view()?),
            3 => beacon.navigation = Some(section.navigation()?),
            4 => beacon.vitals = section.vitals()?,
            5 => beacon.context = section.context()?,
            6 => beacon.resources.seen = section.u32()?,
            7 => push(&mut beacon.resources.entries, section.resource()?, limits::RESOURCES_MAX)?,
            8 => push(&mut beacon.errors, section.error()?, limits::ERRORS_MAX)?,
            9 => push(&mut beacon.goals, section.goal()?, limits::GOALS_MAX)?,
            10 => beacon.life = section.life()?,
            11 => section.frames(&mut beacon.frames)?,
            12 => push(&mut beacon.frames.worst, section.frame()?, limits::LONG_FRAMES_MAX)?,
            13 => push(&mut beacon.timings, section.timing()?, limits::USER_TIMINGS_MAX)?,
            14 => push(&mut beacon.resources.types, section.type_total()?, limits::TYPE_TOTALS_MAX)?,
            15 => push(&mut beacon.resources.hosts, section.host_total()?, limits::HOST_TOTALS_MAX)?,
            16 => beacon.head.kept_ms = section.kept()?,
            _ => {} // From a newer browser side: skipped.
        }
    }
    Ok(beacon)
}

fn push<T>(list: &mut Vec<T>, item: T, count_max: usize) -> Result<(), DecodeError> {
    if list.len() >= count_max {
        return Err(DecodeError::OutOfRange);
    }
    list.push(item);
    Ok(())
}

/// Takes fields off the front of a slice. Reading past its end is [`DecodeError::Truncated`].
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(*taken)
    }

    /// Whether the section ends here: it was written before the fields that follow were added.
    fn ended(&self) -> bool {
        self.bytes.is_empty()
    }

    fn section(&mut self) -> Result<Option<(u8, Reader<'a>)>, DecodeError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let [tag, low, high] = self.array()?;
        let bytes = self.take(usize::from(u16::from_le_bytes([low, high])))?;
        Ok(Some((tag, Reader { bytes })))
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn flag(&mut self) -> Result<bool, DecodeError> {
        Ok(self.byte()? & 1 != 0)
    }

    #[inline]
    fn number(&mut self) -> Result<u64, DecodeError> {
        // Most are small.
        if let [byte @ 0..0x80, rest @ ..] = self.bytes {
            self.bytes = rest;
            return Ok(u64::from(*byte));
        }
        self.long_number()
    }

    fn long_number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::OutOfRange);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(DecodeError::OutOfRange)
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.number()?).map_err(|_| DecodeError::OutOfRange)
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        u16::try_from(self.number()?).map_err(|_| DecodeError::OutOfRange)
    }

    fn option(&mut self) -> Result<Option<u32>, DecodeError> {
        match self.number()? {
            0 => Ok(None),
            plus_one => u32::try_from(plus_one - 1).map(Some).map_err(|_| DecodeError::OutOfRange),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let length = usize::try_from(self.number()?).map_err(|_| DecodeError::OutOfRange)?;
        let bytes = self.take(length)?;
        str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| DecodeError::BadText)
    }

    fn choice<T>(&mut self, from_byte: impl Fn(u8) -> Option<T>) -> Result<T, DecodeError> {
        from_byte(self.byte()?).ok_or(DecodeError::OutOfRange)
    }

    fn id(&mut self) -> Result<Id, DecodeError> {
        Ok(Id(u64::from_le_bytes(self.array()?)))
    }

    fn head(&mut self) -> Result<Head<'a>, DecodeError> {
        Ok(Head {
            site: self.string()?,
            time_origin_ms: self.number()?,
            sent_after_ms: self.u32()?,
            session_id: self.id()?,
            view_id: self.id()?,
            seq: self.u16()?,
            reason: self.choice(Reason::from_byte)?,
            weight: self.u32()?,
            simulated: self.flag()?,
            kept_ms: 0,
        })
    }

    fn view(&mut self) -> Result<PageView<'a>, DecodeError> {
        Ok(PageView {
            path: self.string()?,
            name: Some(self.string()?).filter(|name| !name.is_empty()),
            referrer_host: self.string()?,
            nav: self.choice(Nav::from_byte)?,
            navigation_type: self.choice(NavigationType::from_byte)?,
            view_number: self.u16()?,
            http_status: self.u16()?,
            hidden_at_start: self.flag()?,
            hidden_at_ms: self.option()?,
            counted_lcp_ms: self.option()?,
            previous: if self.flag()? { Some(self.earlier_view()?) } else { None },
        })
    }

    fn earlier_view(&mut self) -> Result<EarlierView<'a>, DecodeError> {
        Ok(EarlierView {
            started_ms: self.number()?,
            page: match self.byte()? {
                0 => PageName::Path(self.string()?),
                1 => PageName::Name(self.string()?),
                _ => return Err(DecodeError::OutOfRange),
            },
            nav: self.choice(Nav::from_byte)?,
            lcp_ms: self.u32()?,
        })
    }

    fn navigation(&mut self) -> Result<NavigationTiming<'a>, DecodeError> {
        let mut timing = NavigationTiming {
            activation_start: self.u32()?,
            redirect_start: self.u32()?,
            redirect_end: self.u32()?,
            worker_start: self.u32()?,
            fetch_start: self.u32()?,
            domain_lookup_start: self.u32()?,
            domain_lookup_end: self.u32()?,
            connect_start: self.u32()?,
            secure_connection_start: self.u32()?,
            connect_end: self.u32()?,
            request_start: self.u32()?,
            first_interim_response_start: self.u32()?,
            response_start: self.u32()?,
            response_end: self.u32()?,
            dom_interactive: self.u32()?,
            dom_content_loaded_start: self.u32()?,
            dom_content_loaded_end: self.u32()?,
            dom_complete: self.u32()?,
            load_event_start: self.u32()?,
            load_event_end: self.u32()?,
            redirect_count: self.byte()?,
            transfer_bytes: self.number()?,
            encoded_bytes: self.number()?,
            decoded_bytes: self.number()?,
            protocol: self.string()?,
            delivery_type: self.choice(DeliveryType::from_byte)?,
            ..NavigationTiming::default()
        };
        if self.ended() {
            return Ok(timing);
        }
        timing.confidence = self.choice(Confidence::from_byte)?;
        for _ in 0..self.number()? {
            let server = ServerTiming { name: self.string()?, duration_ms: self.u32()?, description: self.string()? };
            push(&mut timing.server_timings, server, limits::SERVER_TIMINGS_MAX)?;
        }
        Ok(timing)
    }

    fn vitals(&mut self) -> Result<WebVitals<'a>, DecodeError> {
        let vitals = WebVitals {
            ttfb_ms: self.option()?,
            fcp_ms: self.option()?,
            lcp_ms: self.option()?,
            inp_ms: self.option()?,
            cls_e4: self.option()?,
            lcp_element: self.string()?,
            lcp_url: self.string()?,
            ..WebVitals::default()
        };
        if self.ended() {
            return Ok(vitals);
        }
        Ok(WebVitals {
            fp_ms: self.option()?,
            lcp_load_delay_ms: self.option()?,
            lcp_load_duration_ms: self.option()?,
            lcp_render_delay_ms: self.option()?,
            inp_at_ms: self.option()?,
            inp_input_delay_ms: self.option()?,
            inp_processing_ms: self.option()?,
            inp_presentation_ms: self.option()?,
            inp_kind: self.choice(InteractionKind::from_byte)?,
            inp_element: self.string()?,
            interactions: self.u32()?,
            cls_largest_e4: self.option()?,
            cls_largest_at_ms: self.option()?,
            cls_element: self.string()?,
            ..vitals
        })
    }

    fn life(&mut self) -> Result<PageLife, DecodeError> {
        Ok(PageLife {
            visible_ms: self.u32()?,
            scroll_depth_pct: self.u32()?,
            rage_clicks: self.u32()?,
            dead_clicks: self.u32()?,
            dropped_entries: self.u32()?,
            truncated: self.u32()?,
            own_cpu_us: self.u32()?,
            own_bytes: self.u32()?,
        })
    }

    fn frames(&mut self, frames: &mut LongFrames) -> Result<(), DecodeError> {
        frames.count = self.u32()?;
        frames.blocking_ms = self.u32()?;
        frames.longest_ms = self.u32()?;
        frames.are_tasks = self.flag()?;
        Ok(())
    }

    fn frame(&mut self) -> Result<LongFrame<'a>, DecodeError> {
        Ok(LongFrame {
            start: self.u32()?,
            duration: self.u32()?,
            blocking: self.u32()?,
            layout: self.u32()?,
            script_ms: self.u32()?,
            forced_layout_ms: self.u32()?,
            script_url: self.string()?,
            function: self.string()?,
            invoker: self.string()?,
        })
    }

    fn timing(&mut self) -> Result<UserTiming<'a>, DecodeError> {
        Ok(UserTiming { is_measure: self.flag()?, start: self.u32()?, duration: self.u32()?, name: self.string()? })
    }

    fn type_total(&mut self) -> Result<TypeTotal, DecodeError> {
        Ok(TypeTotal { initiator: self.choice(Initiator::from_byte)?, total: self.total()? })
    }

    fn host_total(&mut self) -> Result<HostTotal<'a>, DecodeError> {
        Ok(HostTotal { host: self.string()?, total: self.total()? })
    }

    fn total(&mut self) -> Result<ResourceTotal, DecodeError> {
        Ok(ResourceTotal {
            count: self.u32()?,
            cached: self.u32()?,
            blocking: self.u32()?,
            opaque: self.u32()?,
            failed: self.u32()?,
            slowest_ms: self.u32()?,
            duration_ms: self.u32()?,
            transfer_bytes: self.number()?,
            decoded_bytes: self.number()?,
        })
    }

    /// A double, as JavaScript has it at hand.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and NaN becomes 0")]
    fn kept(&mut self) -> Result<u32, DecodeError> {
        Ok(f64::from_le_bytes(self.array()?).round() as u32)
    }

    fn context(&mut self) -> Result<Context<'a>, DecodeError> {
        let mut context = Context {
            effective_type: self.choice(EffectiveType::from_byte)?,
            rtt_ms: self.u32()?,
            downlink_kbps: self.u32()?,
            save_data: self.flag()?,
            device_memory_mib: self.u32()?,
            cores: self.u16()?,
            viewport_width: self.u32()?,
            viewport_height: self.u32()?,
            pixel_ratio_e2: self.u32()?,
            language: self.string()?,
            release: self.string()?,
            experiment_arm: self.string()?,
            ..Context::default()
        };
        for _ in 0..self.number()? {
            let dimension = (self.string()?, self.string()?);
            push(&mut context.dimensions, dimension, limits::DIMENSIONS_MAX)?;
        }
        if !self.ended() {
            context.connection = self.choice(ConnectionType::from_byte)?;
        }
        Ok(context)
    }

    fn resource(&mut self) -> Result<ResourceTiming<'a>, DecodeError> {
        let mut resource = ResourceTiming {
            url: self.string()?,
            initiator: self.choice(Initiator::from_byte)?,
            start: self.u32()?,
            duration: self.u32()?,
            domain_lookup_start: self.u32()?,
            domain_lookup_end: self.u32()?,
            connect_start: self.u32()?,
            secure_connection_start: self.u32()?,
            connect_end: self.u32()?,
            request_start: self.u32()?,
            response_start: self.u32()?,
            response_end: self.u32()?,
            transfer_bytes: self.number()?,
            encoded_bytes: self.number()?,
            decoded_bytes: self.number()?,
            http_status: self.u16()?,
            ..ResourceTiming::default()
        };
        let flags = self.byte()?;
        resource.render_blocking = flags & 1 != 0;
        resource.opaque = flags & 2 != 0;
        resource.protocol = self.string()?;
        resource.delivery_type = self.choice(DeliveryType::from_byte)?;
        Ok(resource)
    }

    fn error(&mut self) -> Result<PageError<'a>, DecodeError> {
        Ok(PageError {
            kind: self.choice(ErrorKind::from_byte)?,
            at_ms: self.u32()?,
            message: self.string()?,
            source: self.string()?,
            line: self.u32()?,
            column: self.u32()?,
            count: self.u32()?,
            counted: if self.ended() { 0 } else { self.u32()? },
        })
    }

    fn goal(&mut self) -> Result<Goal<'a>, DecodeError> {
        let mut goal = Goal {
            name: self.string()?,
            value: f64::from_le_bytes(self.array()?),
            at_ms: self.u32()?,
            earlier_views: Vec::new(),
        };
        for _ in 0..self.number()? {
            let view = self.earlier_view()?;
            push(&mut goal.earlier_views, view, limits::EARLIER_VIEWS_MAX)?;
        }
        Ok(goal)
    }
}
