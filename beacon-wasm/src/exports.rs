//! What `js/fields.js` sees: a place to write to, and a call that sends what was written.
//!
//! JavaScript writes into [`Core::numbers`] and [`Core::text`], calls, and everything written has been read when the call returns.
//! Nothing allocates, so that the memory never grows and JavaScript's views of it stay valid.

use beacon_format::{Encoder, limits};
use spin::mutex::SpinMutex;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Navigator;

use crate::fields::Fields;
use crate::layout;

/// Nothing here allocates. What wasm-bindgen could allocate for (strings as arguments) is not used.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static NO_ALLOCATOR: lol_alloc::FailAllocator = lol_alloc::FailAllocator;

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// `js/constants.js` has the same number.
const NUMBERS_MAX: usize = 8192;
/// `js/constants.js` has the same number.
const TEXT_BYTES_MAX: usize = 128 * 1024;

/// All state. `js/fields.js` relies on the order.
#[repr(C)]
struct Core {
    numbers: [f64; NUMBERS_MAX],
    text: [u8; TEXT_BYTES_MAX],
    beacon: [u8; limits::BEACON_BYTES_SENT_MAX],
}

/// Locked for the length of a call. A page has one thread, so that the lock is only ever found taken after a trap: then nothing
/// is done any more, and the stub sends what it has. Nobody but JavaScript writes to it.
static CORE: SpinMutex<Core> = SpinMutex::new(Core {
    numbers: [0.0; NUMBERS_MAX],
    text: [0; TEXT_BYTES_MAX],
    beacon: [0; limits::BEACON_BYTES_SENT_MAX],
});

/// Where the numbers go; the text follows them, and the beacon follows the text.
#[wasm_bindgen]
pub fn scratch() -> *const f64 {
    CORE.as_mut_ptr().cast()
}

/// What sends, in the place of the browser's `Navigator`. [`web_sys::Navigator`]'s own binding takes the address as a Rust string and
/// catches exceptions in Rust, which costs 700 bytes of brotli: here both stay in JavaScript.
#[wasm_bindgen]
extern "C" {
    type Sender;
    #[wasm_bindgen(method, js_name = sendBeacon)]
    fn send_beacon(this: &Sender, beacon: &[u8]) -> bool;
}

/// Encodes the snapshot that was written, and hands it to `navigator`, which knows the address. Its length, negative when it was not taken, and
/// needs another way; the first of the numbers becomes how many sections were left out.
#[wasm_bindgen]
pub fn send(navigator: &Navigator) -> i32 {
    let Some(mut core) = CORE.try_lock() else { return 0 };
    let core = &mut *core;
    let mut encoder = Encoder::new(&mut core.beacon);
    let left_out = layout::beacon(&mut Fields::new(&core.numbers, &core.text), &mut encoder);
    let length = encoder.finish();
    core.numbers[0] = f64::from(left_out);
    let beacon = core.beacon.get(..length).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "16 KiB at most")]
    let length = length as i32;
    if navigator.unchecked_ref::<Sender>().send_beacon(beacon) { length } else { -length }
}
