//! `slowtax alarms check`.

use super::{SLOT_S, World};

#[test]
fn check_says_what_would_fire_at_an_instant_and_leaves_nothing_behind() {
    let world = World::new("check");
    let collector = world.collector(&[("alarms.enabled", "false"), ("sites.young.name", "No history")]);
    world.fill(&collector, "shop");
    let check = |words: &[&str]| {
        let output = collector.setup().run(&[&["alarms", "check"], words].concat());
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let at = (world.begin + SLOT_S + 65).to_string();
    let (ok, text) = check(&["--at", &at]);
    assert!(ok, "{text}");
    assert!(text.contains("would fire, page: Page views stay away in DE: 0 came, 40 were expected"), "{text}");
    let young = text.split("young at ").nth(1).unwrap();
    assert!(
        young.contains("volume        0 firing, 0 ok, 1 learning") && young.contains("nothing would fire"),
        "{text}"
    );
    let before = (world.begin - 65).to_string();
    let (ok, text) = check(&["--at", &before, "--site", "shop"]);
    assert!(ok && text.contains("nothing would fire") && !text.contains("young"), "{text}");
    for table in ["alarms", "incidents", "watch_claims"] {
        assert_eq!(collector.query(&format!("SELECT count() FROM {table}")), "0", "{table}");
    }
    let (ok, text) = check(&["--site", "nobody"]);
    assert!(!ok && text.contains("there is no site nobody in the configuration; it has: shop, young"), "{text}");
    let (ok, text) = check(&["--at", "yesterday"]);
    assert!(!ok && text.contains("expected a time such as"), "{text}");
}
