//! What `core.js` sees: a place to write to, and three calls.
//!
//! JavaScript writes into [`Core::numbers`] and [`Core::text`], calls, and everything written has been read when the call returns.
//! No call allocates, so that the memory never grows and JavaScript's views of it stay valid.

use beacon_format::{Encoder, limits};
use spin::Mutex;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Navigator;

use crate::fields::Fields;
use crate::layout;
use crate::observed::Observed;

/// Nothing here allocates. What wasm-bindgen could allocate for (strings as arguments) is not used.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static NO_ALLOCATOR: lol_alloc::FailAllocator = lol_alloc::FailAllocator;

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// `core.js` has the same number.
const NUMBERS_MAX: usize = 2048;
/// `core.js` has the same number.
const TEXT_BYTES_MAX: usize = 32 * 1024;

/// All state. `core.js` relies on the order of the first three.
#[repr(C)]
struct Core {
    numbers: [f64; NUMBERS_MAX],
    text: [u8; TEXT_BYTES_MAX],
    beacon: [u8; limits::BEACON_BYTES_SENT_MAX],
    observed: Observed,
}

/// Locked for the length of a call. A page has one thread, so that the lock is only ever found taken after a trap: then nothing
/// is done any more, and the stub sends what it has.
static CORE: Mutex<Core> = Mutex::new(Core {
    numbers: [0.0; NUMBERS_MAX],
    text: [0; TEXT_BYTES_MAX],
    beacon: [0; limits::BEACON_BYTES_SENT_MAX],
    observed: Observed::NONE,
});

/// Where the numbers go; the text follows them, and the beacon follows the text.
#[wasm_bindgen]
pub fn scratch() -> *const f64 {
    CORE.lock().numbers.as_ptr()
}

/// Takes in the entry that was written. True for a layout shift whose element is asked for.
#[wasm_bindgen]
pub fn take() -> bool {
    let Some(mut core) = CORE.try_lock() else { return false };
    let core = &mut *core;
    core.observed.take(&mut Fields::new(&core.numbers, &core.text))
}

/// Forgets what was taken in: another view begins.
#[wasm_bindgen]
pub fn begin() {
    if let Some(mut core) = CORE.try_lock() {
        core.observed = Observed::NONE;
    }
}

/// The part of the browser's `Navigator` that sends. [`web_sys::Navigator`]'s own binding takes the address as a Rust string and
/// catches exceptions in Rust, which costs 700 bytes of brotli: here the address stays in JavaScript, and `core.js` catches.
#[wasm_bindgen]
extern "C" {
    type Sender;
    #[wasm_bindgen(method, js_name = sendBeacon)]
    fn send_beacon(this: &Sender, address: &JsValue, beacon: &[u8]) -> bool;
}

/// Encodes the snapshot that was written, and hands it to the browser. Its length, negative when the browser did not take it, and it needs
/// another way. The resources in it are not told again.
#[wasm_bindgen]
pub fn send(navigator: &Navigator, address: &JsValue) -> i32 {
    let Some(mut core) = CORE.try_lock() else { return 0 };
    let core = &mut *core;
    let mut encoder = Encoder::new(&mut core.beacon);
    layout::beacon(&mut Fields::new(&core.numbers, &core.text), &mut core.observed, &mut encoder);
    let length = encoder.finish();
    let beacon = core.beacon.get(..length).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "16 KiB at most")]
    let length = length as i32;
    if navigator.unchecked_ref::<Sender>().send_beacon(address, beacon) { length } else { -length }
}
