//! The files of `deploy/`, read into what they say.

use std::collections::BTreeMap;

use serde_json::Value;
use tests::embedded::workspace;

pub(super) fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The unit's settings: section, key, value.
pub(super) fn unit() -> Vec<(String, String, String)> {
    let mut section = None;
    let mut settings = Vec::new();
    for line in read("deploy/slowtax.service").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = Some(name.to_owned());
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{line} is no setting"));
        assert!(key.starts_with(|first: char| first.is_ascii_uppercase()), "{line}");
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !value.ends_with('\\'), "{line}");
        settings.push((section.clone().expect("a setting stands in a section"), key.to_owned(), value.to_owned()));
    }
    settings
}

/// The values of one key of the unit's `[Service]`.
pub(super) fn service(key: &str) -> Vec<String> {
    unit()
        .into_iter()
        .filter(|(section, known, _)| section == "Service" && known == key)
        .map(|setting| setting.2)
        .collect()
}

/// The Containerfile's instructions with their words, in order; lines that go on are joined.
pub(super) fn instructions() -> Vec<(String, String)> {
    let lines: Vec<String> = read("deploy/Containerfile").lines().map(str::to_owned).collect();
    let text =
        lines.into_iter().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| line.split_once(' ').expect("an instruction has words"))
        .map(|(name, words)| (name.to_owned(), words.trim().to_owned()))
        .collect()
}

/// The words of all instructions of this name.
pub(super) fn words_of(name: &str) -> Vec<Vec<String>> {
    let named = instructions().into_iter().filter(|(known, _)| known == name);
    named.map(|(_, words)| words.split_whitespace().map(str::to_owned).collect()).collect()
}

/// The one instruction of this name in its JSON form.
pub(super) fn words_as_json(name: &str) -> Vec<String> {
    let words = instructions().into_iter().find(|(known, _)| known == name).expect("there is one").1;
    serde_json::from_str(&words).unwrap_or_else(|error| panic!("{name} {words}: {error}"))
}

pub(super) fn compose() -> Value {
    serde_yaml_ng::from_str(&read("deploy/compose.yaml")).expect("YAML")
}

/// What stands at a path of the compose file, such as `/services/slowtax/image`.
pub(super) fn composed<'file>(file: &'file Value, path: &str) -> &'file str {
    file.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("compose.yaml has no text at {path}"))
}

/// The texts of a list in the compose file.
pub(super) fn composed_list<'file>(file: &'file Value, path: &str) -> Vec<&'file str> {
    let list =
        file.pointer(path).and_then(Value::as_array).unwrap_or_else(|| panic!("compose.yaml has no list at {path}"));
    list.iter().map(|item| item.as_str().unwrap_or_else(|| panic!("{path}: {item} is no text"))).collect()
}

/// Variables with their values, by name.
pub(super) type Variables = BTreeMap<String, String>;

pub(super) fn variables(pairs: impl IntoIterator<Item = String>) -> Variables {
    let split = |pair: String| {
        let (name, value) = pair.split_once('=').unwrap_or_else(|| panic!("{pair} sets nothing"));
        (name.to_owned(), value.to_owned())
    };
    pairs.into_iter().map(split).collect()
}

pub(super) fn variables_of_the_unit() -> Variables {
    let mut all = variables(service("Environment"));
    assert_eq!(all.remove("TZ").as_deref(), Some("UTC"), "without it the embedded ClickHouse may crash at its start");
    without_allocators(all)
}

pub(super) fn variables_of_the_image() -> Variables {
    without_allocators(variables(words_of("ENV").into_iter().flatten()))
}

/// Without what is the C library's, which must be there.
fn without_allocators(mut all: Variables) -> Variables {
    let bytes = all.remove("MALLOC_MMAP_THRESHOLD_").and_then(|bytes| bytes.parse::<u64>().ok());
    assert_eq!(bytes, Some(4 << 20), "a segment is larger, and what is written at once is not");
    all
}

/// What the collector has beside ClickHouse: the image's, and over them the compose file's.
pub(super) fn variables_of_the_composed() -> Variables {
    let file = compose();
    let own = file.pointer("/services/slowtax/environment").and_then(Value::as_object).expect("a map");
    let mut all = variables_of_the_image();
    all.extend(own.iter().map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned())));
    all
}

/// `SLOWTAX_HTTP__LISTEN` is `http.listen`.
pub(super) fn key_of(variable: &str) -> String {
    let name = variable.strip_prefix("SLOWTAX_").unwrap_or_else(|| panic!("{variable} is not ours"));
    // Without a section a name is taken for a switch of the program's, and not checked.
    assert!(name == "DATA_DIR" || name.contains("__"), "{variable} names no section");
    name.to_lowercase().replace("__", ".")
}
