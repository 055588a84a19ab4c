//! What each picture of the shop shows, by the item's slug.

mod hero;
mod lighting;
mod living;
mod tableware;
mod tea;

use crate::scene::Scene;

/// An item's slug, and its scene.
type Named = (&'static str, fn() -> Scene);

/// A picture to be made.
pub(crate) struct Picture {
    pub(crate) slug: &'static str,
    pub(crate) scene: fn() -> Scene,
}

/// Every item's picture.
pub(crate) fn items() -> impl Iterator<Item = Picture> {
    let shelves = [tableware::SCENES, lighting::SCENES, tea::SCENES, living::SCENES];
    shelves.into_iter().flatten().map(|&(slug, scene)| Picture { slug, scene })
}

/// The wide picture of the home page.
pub(crate) fn hero() -> Picture {
    Picture { slug: "hero", scene: hero::scene }
}
