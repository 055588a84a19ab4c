//! Makes the pictures of the shop: `cargo run --release -p demo-site --features render --example render_pictures [SLUG...]`.
//!
//! The pictures are rendered from solids that are described in `scenes`, by following rays (no input files, no randomness but a
//! fixed hash, so the same program makes the same picture), and written to `demo-site/pictures` as JPEG: the shop embeds
//! them. They are kept in the repository because making all of them takes minutes even with optimisation, and the shop must start
//! at once in a debug build too. `--draft` makes small rough ones into the directory named after it, for looking at while
//! a scene is being described.

mod light;
mod scene;
mod scenes;
mod shape;
mod vector;

use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, ensure};
use image::codecs::jpeg::JpegEncoder;
use image::{RgbImage, imageops};
use light::Camera;
use scene::grain;
use scenes::Picture;
use vector::{V, v};

const QUALITY: u8 = 84;
const CARD_QUALITY: u8 = 80;

/// What is written for one picture.
struct Size {
    width: u32,
    height: u32,
    /// Rays per pixel, along each side of the pixel.
    rays: u8,
}

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let draft = (arguments.first().map(String::as_str) == Some("--draft")).then(|| {
        arguments.remove(0);
        if arguments.is_empty() { PathBuf::from(".") } else { PathBuf::from(arguments.remove(0)) }
    });
    let directory = draft.clone().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("pictures"));
    std::fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let wanted = |picture: &Picture| arguments.is_empty() || arguments.iter().any(|slug| slug == picture.slug);
    let pictures: Vec<Picture> = scenes::items().chain([scenes::hero()]).filter(wanted).collect();
    ensure!(!pictures.is_empty(), "no picture is named {}", arguments.join(", "));
    for picture in &pictures {
        write_picture(picture, &directory, draft.is_some())?;
    }
    Ok(())
}

fn write_picture(picture: &Picture, directory: &Path, draft: bool) -> Result<()> {
    let wide = picture.slug == "hero";
    let (width, height) = if wide { (1600, 900) } else { (880, 1100) };
    let size =
        if draft { Size { width: width / 4, height: height / 4, rays: 2 } } else { Size { width, height, rays: 2 } };
    let image = render(picture, &size);
    let large = save(&image, &directory.join(format!("{}.jpg", picture.slug)), QUALITY)?;
    println!("{}: {} kB", picture.slug, large / 1000);
    if !wide && !draft {
        let card = imageops::resize(&image, size.width / 2, size.height / 2, imageops::FilterType::CatmullRom);
        save(&card, &directory.join(format!("{}-card.jpg", picture.slug)), CARD_QUALITY)?;
    }
    Ok(())
}

fn save(image: &RgbImage, path: &Path, quality: u8) -> Result<usize> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image)?;
    std::fs::write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(bytes.len())
}

fn render(picture: &Picture, size: &Size) -> RgbImage {
    let scene = (picture.scene)();
    let camera = Camera::framing(&scene, size.width as f32 / size.height as f32);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let row_bytes = size.width as usize * 3;
    let mut pixels = vec![0_u8; row_bytes * size.height as usize];
    let rows: Vec<(usize, &mut [u8])> = pixels.chunks_mut(row_bytes).enumerate().collect();
    // Dealt out like cards, so that every worker gets its part of the hard middle.
    let mut hands: Vec<Vec<(usize, &mut [u8])>> = (0..workers).map(|_| Vec::new()).collect();
    for (index, row) in rows {
        hands[index % workers].push((index, row));
    }
    thread::scope(|threads| {
        for hand in hands {
            threads.spawn(|| {
                for (y, row) in hand {
                    render_row(&scene, &camera, size, y, row);
                }
            });
        }
    });
    RgbImage::from_raw(size.width, size.height, pixels).unwrap_or_default()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "pixel numbers are small, and colours are clamped to a byte before the cast"
)]
fn render_row(scene: &scene::Scene, camera: &Camera, size: &Size, y: usize, row: &mut [u8]) {
    let (width, height) = (size.width as f32, size.height as f32);
    for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
        let mut sum = V::default();
        for down in 0..size.rays {
            for across in 0..size.rays {
                let offset = |step: u8| (f32::from(step) + 0.5) / f32::from(size.rays);
                let px = (x as f32 + offset(across) - width / 2.0) / (height / 2.0);
                let py = (height / 2.0 - y as f32 - offset(down)) / (height / 2.0);
                sum = sum + camera.look(scene, px, py);
            }
        }
        let colour = sum * (1.0 / f32::from(size.rays * size.rays));
        let noise = grain(x as i32, y as i32) * 0.006;
        let colour = (colour + v(noise, noise, noise)) * 255.0;
        for (byte, channel) in pixel.iter_mut().zip([colour.x, colour.y, colour.z]) {
            *byte = channel.round().clamp(0.0, 255.0) as u8;
        }
    }
}
