//! What lies in `deploy/` cannot be started here: its syntax, and what it says of the program, are held against the program.

mod files;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use tests::collector::{CollectorProcess, Setup, countries, free_port, program, wait_for};
use tests::embedded::workspace;

use files::{
    compose, composed, composed_list, instructions, key_of, read, service, unit, variables, variables_of_the_composed,
    variables_of_the_image, variables_of_the_unit, words_as_json, words_of,
};

/// Where a file of the image says that the workspace is.
const BUILD_FOLDER: &str = "/src/";

/// What systemd gives by itself to a service like ours.
const SYSTEMD: [(&str, &str); 9] = [
    ("LANG", "C.UTF-8"),
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"),
    ("HOME", "/"),
    ("LOGNAME", "slowtax"),
    ("USER", "slowtax"),
    ("INVOCATION_ID", "0123456789abcdef0123456789abcdef"),
    ("JOURNAL_STREAM", "8:12345"),
    ("STATE_DIRECTORY", "/var/lib/slowtax"),
    ("SYSTEMD_EXEC_PID", "12345"),
];

/// What `check-config` says with these keys set, and whether it took them.
fn check_config(keys: &[(String, String)]) -> (bool, String) {
    let keys: Vec<(&str, &str)> = keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let output = Setup::new(&keys).run(&["check-config"]);
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Every name in a text that begins with `SLOWTAX_`.
fn variables_named(text: &str) -> BTreeSet<String> {
    let is_part = |character: char| character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_';
    text.split(|character| !is_part(character)).filter(|word| word.starts_with("SLOWTAX_")).map(str::to_owned).collect()
}

/// A constant of a source, in seconds: `const NAME: ... = Duration::from_secs(10);` or `... = 10;`.
fn seconds(source: &str, name: &str) -> u64 {
    let text = read(source);
    let (_, rest) = text.split_once(&format!("const {name}:")).unwrap_or_else(|| panic!("{source} has no {name}"));
    let (value, _) = rest.split_once('=').and_then(|(_, rest)| rest.split_once(';')).expect("a constant has a value");
    let (number, unit) = match value.trim().strip_prefix("Duration::from_") {
        Some(call) => call.trim_end_matches(')').split_once('(').map_or((call, ""), |(unit, number)| (number, unit)),
        None => (value.trim(), "secs"),
    };
    let factor = match unit {
        "secs" => 1,
        "mins" => 60,
        _ => panic!("{source}: {name} is {value}"),
    };
    factor * number.parse::<u64>().unwrap_or_else(|_| panic!("{source}: {name} is {value}"))
}

/// How long the collector takes to stop with a server, and what the embedded ClickHouse adds.
fn stop_seconds() -> (u64, u64) {
    let own =
        seconds("collector/src/http/mod.rs", "STOP_TIME_S") + seconds("collector/src/serve.rs", "UPLOAD_TIME_MAX");
    (own, seconds("collector/src/supervise.rs", "STOP_TIME_MAX"))
}

/// A path in the workspace, also when it is yet to be built or installed.
fn is_known(path: &str) -> bool {
    let programs = ["collector", "clickhouse-embedded"].map(|package| read(&format!("{package}/Cargo.toml")));
    if let Some(name) = path.strip_prefix("target/release/") {
        return programs.iter().any(|manifest| manifest.contains(&format!("name = \"{name}\"")));
    }
    if let Some(file) = path.strip_prefix("node_modules/") {
        let package = file.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
        return read("package.json").contains(&format!("\"{package}\":"));
    }
    workspace().join(path).exists()
}

/// The tag of an image, which must be one that stays what it is.
fn tag(image: &str) -> &str {
    let (_, tag) = image.rsplit_once(':').unwrap_or_else(|| panic!("{image} has no tag"));
    assert!(!tag.contains('/') && tag != "latest" && !tag.is_empty(), "{image} is not pinned");
    tag
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let sections: BTreeSet<String> = unit().into_iter().map(|setting| setting.0).collect();
    assert_eq!(sections.into_iter().collect::<Vec<_>>(), ["Install", "Service", "Unit"]);
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("slowtax.service");
    let start = service("ExecStart").concat();
    let (installed, _) = start.split_once(' ').unwrap();
    std::fs::write(&copy, read("deploy/slowtax.service").replace(installed, program("slowtax").to_str().unwrap()))
        .unwrap();
    let output = match Command::new("systemd-analyze").arg("verify").arg(&copy).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => panic!("systemd-analyze: {error}"),
    };
    // It warns of unknown keys, and ends well; of the machine's other units it may warn too.
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("slowtax.service"), "{said}");
}

#[test]
fn the_unit_starts_the_program_as_nobody_and_starts_it_again_when_it_fails() {
    assert_eq!(service("ExecStart"), ["/opt/slowtax/slowtax serve --config /etc/slowtax/slowtax.toml"]);
    for (key, value) in [
        ("DynamicUser", "yes"),
        ("StateDirectory", "slowtax"),
        ("Restart", "on-failure"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
    ] {
        assert_eq!(service(key), [value], "{key}");
    }
    let variables = variables_of_the_unit();
    assert_eq!(variables["SLOWTAX_DATA_DIR"], "/var/lib/slowtax", "the one place where it may write");
    assert_eq!(Path::new(&variables["SLOWTAX_GEO__DATABASE"]).file_name(), countries().file_name());
}

#[test]
fn a_stop_may_take_as_long_as_the_collector_needs() {
    let (own, engine) = stop_seconds();
    let limit: u64 = service("TimeoutStopSec").concat().parse().expect("seconds");
    assert!(limit > own + engine, "the unit kills after {limit} s what may take {} s", own + engine);
    // By systemd's own way the embedded ClickHouse would be told to stop together with the collector, before the upload.
    assert_eq!(service("KillMode"), ["mixed"]);
    let file = compose();
    let grace = composed(&file, "/services/slowtax/stop_grace_period").strip_suffix('s').expect("seconds");
    assert!(grace.parse::<u64>().unwrap() > own, "compose kills after {grace} s what may take {own} s");
    assert_eq!(composed_list(&file, "/services/slowtax/depends_on"), ["clickhouse"], "what uploads stops first");
}

#[test]
fn the_embedded_clickhouse_may_confine_itself_under_the_unit() {
    let filter = service("SystemCallFilter").concat();
    for call in ["@system-service", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"] {
        assert!(filter.split(' ').any(|allowed| allowed == call), "{call} is not allowed: {filter}");
    }
    assert_eq!(service("MemoryDenyWriteExecute"), Vec::<String>::new(), "it compiles expressions");
}

#[test]
fn the_collector_and_its_clickhouse_start_in_the_environment_that_the_unit_gives() {
    let setup = Setup::new(&[("http.listen", &format!("127.0.0.1:{}", free_port()))]);
    let value = |key: &str| format!("{:?}", setup.value(key));
    let config = format!(
        "[http]\nlisten = {}\n[clickhouse]\nurl = {}\nembedded = {{ binary = {}, library = {} }}\n",
        value("http.listen"),
        value("clickhouse.url"),
        value("clickhouse.embedded.binary"),
        value("clickhouse.embedded.library")
    );
    std::fs::write(setup.config_file(), config).unwrap();
    let mut command = Command::new(program("slowtax"));
    command.args(["serve", "--config"]).arg(setup.config_file()).env_clear().envs(SYSTEMD);
    // The unit's own, with what is elsewhere here.
    command.envs(variables(service("Environment"))).env("SLOWTAX_DATA_DIR", setup.data_dir());
    command.env("SLOWTAX_GEO__DATABASE", countries());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut is_ready = false;
    let has_come = wait_for(|| {
        is_ready = setup.run(&["health"]).status.success();
        is_ready || child.try_wait().unwrap().is_some()
    });
    let pid = rustix::process::Pid::from_child(&child);
    // It may have ended by itself, which is what is asked below.
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    let status = child.wait().unwrap();
    assert!(has_come && is_ready && status.success(), "ready: {is_ready}, {status}");
}

#[test]
fn a_reload_as_the_unit_does_it_leaves_the_collector_running() {
    assert_eq!(service("ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    let collector = CollectorProcess::start_unready(Setup::new(&[
        ("clickhouse.mode", "server"),
        ("clickhouse.url", "http://127.0.0.1:9"),
    ]));
    let pid = rustix::process::Pid::from_raw(collector.pid().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    assert_eq!(collector.get("/health/live").status, 200);
}

#[test]
fn the_configuration_takes_every_variable_that_is_set() {
    for (who, variables) in [
        ("the unit", variables_of_the_unit()),
        ("the image", variables_of_the_image()),
        ("compose", variables_of_the_composed()),
    ] {
        let mut keys: Vec<_> = variables.iter().map(|(name, value)| (key_of(name), value.clone())).collect();
        // It lies where it is only after an installation.
        keys.retain(|(key, _)| key != "geo.database");
        let (taken, said) = check_config(&keys);
        assert!(taken, "{who}: {said}");
        let mode = if who == "the unit" { "embedded" } else { "server" };
        assert!(said.contains(&format!("mode = \"{mode}\"")), "{who}: {said}");
    }
}

#[test]
fn every_variable_and_key_that_is_named_exists() {
    let mut keys = BTreeSet::new();
    for file in ["slowtax.service", "Containerfile", "compose.yaml", "README.md"] {
        keys.extend(variables_named(&read(&format!("deploy/{file}"))).iter().map(|name| key_of(name)));
    }
    // In the text a key is what stands in marks and is made of a section and a name.
    let sections = ["http.", "clickhouse.", "geo.", "spool.", "writer."];
    let text = read("deploy/README.md");
    let marked =
        text.split('`').skip(1).step_by(2).filter(|word| sections.iter().any(|section| word.starts_with(section)));
    keys.extend(marked.map(str::to_owned));
    assert!(keys.contains("http.trusted_proxies") && keys.contains("clickhouse.password"), "they were read: {keys:?}");
    let unknown = |keys: &BTreeSet<String>| {
        let (_, said) = check_config(&keys.iter().map(|key| (key.clone(), "1".to_owned())).collect::<Vec<_>>());
        said.lines().filter(|line| line.contains("there is no such key")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(unknown(&keys), Vec::<String>::new());
    keys.insert("http.listem".to_owned());
    assert_eq!(unknown(&keys).len(), 1, "one that does not exist is found");
}

#[test]
fn the_image_is_made_of_known_instructions_and_of_what_exists() {
    let known = ["CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "RUN", "USER", "VOLUME", "WORKDIR"];
    let mut stages: Vec<String> = Vec::new();
    for (name, words) in instructions() {
        assert!(known.contains(&name.as_str()), "{name} is no instruction");
        let words: Vec<&str> = words.split_whitespace().collect();
        match (name.as_str(), words.as_slice()) {
            ("FROM", [image, "AS", stage]) => {
                tag(image);
                stages.push((*stage).to_owned());
            }
            ("FROM", [image]) => assert!(!tag(image).is_empty()),
            ("COPY", [from, sources @ .., _]) if from.starts_with("--from=") => {
                let stage = from.trim_start_matches("--from=");
                assert!(stages.iter().any(|known| known == stage), "there is no stage {stage} yet");
                for source in sources.iter().filter(|_| stage == "build") {
                    let path = source.strip_prefix(BUILD_FOLDER).unwrap_or_else(|| panic!("{source} is not built"));
                    assert!(is_known(path), "{path} is neither there nor built");
                }
            }
            ("COPY", words) => assert_eq!(words, [".", "."]),
            ("FROM", words) => panic!("FROM {words:?}"),
            _ => {}
        }
    }
    assert_eq!(stages, ["node", "build"], "and the image itself, which is the last and has no name");
    assert_eq!(words_of("WORKDIR"), [[BUILD_FOLDER.trim_end_matches('/')]]);
}

#[test]
fn the_image_is_built_by_what_builds_the_project_and_with_its_versions() {
    let images: Vec<String> = words_of("FROM").into_iter().map(|words| words[0].clone()).collect();
    let version = |name: &str| {
        let image = images.iter().find(|image| image.contains(&format!("/{name}:"))).expect("a stage is made of it");
        tag(image).split('-').next().unwrap_or_default().to_owned()
    };
    assert!(read("Cargo.toml").contains(&format!("rust-version = \"{}\"", version("rust"))));
    assert!(read("package.json").contains(&format!("\"node\": \">={}\"", version("node"))));
    let runs = words_of("RUN").into_iter().map(|words| words.join(" ")).collect::<Vec<_>>();
    assert!(runs.iter().any(|run| run == "cargo xtask build --only collector"), "{runs:?}");
    assert!(read("xtask/src/build.rs").contains("Step::new(\"collector\""));
    let ignored = read("deploy/Containerfile.dockerignore");
    for path in [".git", ".slowtax", "deploy", "node_modules", "target"] {
        assert!(ignored.lines().any(|line| line == path), "{path} would go into the build");
    }
}

#[test]
fn the_image_runs_the_program_that_it_has_as_nobody() {
    let copied: Vec<String> = words_of("COPY").into_iter().filter_map(|words| words.last().cloned()).collect();
    let program = words_as_json("ENTRYPOINT").concat();
    assert!(copied.contains(&program), "{program} is not in the image");
    assert_eq!(words_as_json("CMD"), ["serve", "--config", "/etc/slowtax/slowtax.toml"]);
    assert_eq!(words_of("USER"), [["10001:10001"]]);
    let variables = variables_of_the_image();
    assert_eq!(words_of("VOLUME"), [[variables["SLOWTAX_DATA_DIR"].clone()]]);
    assert_eq!(words_of("EXPOSE"), [[variables["SLOWTAX_HTTP__LISTEN"].replace("0.0.0.0:", "")]]);
    let database = Path::new(&variables["SLOWTAX_GEO__DATABASE"]);
    assert!(copied.contains(&format!("{}/", database.parent().unwrap().display())), "{}", database.display());
    assert_eq!(database.file_name(), countries().file_name());
    let license = std::fs::read_to_string(countries().with_file_name("package.json")).unwrap();
    assert!(license.contains("\"license\": \"CC0-1.0\"") && read("deploy/Containerfile").contains("CC0-1.0"));
}

#[test]
fn compose_has_a_collector_and_a_clickhouse_with_pinned_images_health_and_volumes() {
    let file = compose();
    let names: Vec<&String> = file["services"].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let known: BTreeSet<&str> =
        "build cap_drop depends_on environment healthcheck image ports read_only restart security_opt \
                                 stop_grace_period ulimits volumes"
            .split_whitespace()
            .collect();
    let volumes = file["volumes"].as_object().unwrap();
    for name in ["slowtax", "clickhouse"] {
        let keys: BTreeSet<&str> = file["services"][name].as_object().unwrap().keys().map(String::as_str).collect();
        assert!(keys.is_subset(&known), "{name}: {keys:?}");
        tag(composed(&file, &format!("/services/{name}/image")));
        assert_eq!(composed_list(&file, &format!("/services/{name}/healthcheck/test"))[0], "CMD");
        for port in composed_list(&file, &format!("/services/{name}/ports")) {
            assert!(port.starts_with("127.0.0.1:"), "{port} is open to the network");
        }
        let mounted = composed_list(&file, &format!("/services/{name}/volumes"));
        assert!(mounted.iter().any(|mount| mount.starts_with(&format!("{name}:/var/lib/{name}"))), "{mounted:?}");
        assert!(volumes.contains_key(name));
    }
    let engine = read("package.json");
    let version =
        tag(composed(&file, "/services/clickhouse/image")).splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    assert!(engine.contains(&format!("\"@chdb/lib-linux-x64-gnu\": \"{version}.")), "{version} is not what is tested");
}

#[test]
fn compose_fits_the_image_and_the_clickhouse_beside_it() {
    let (file, variables) = (compose(), variables_of_the_composed());
    assert_eq!(composed(&file, "/services/slowtax/build/dockerfile"), "deploy/Containerfile");
    assert_eq!(composed(&file, "/services/slowtax/build/context"), "..");
    let config = words_as_json("CMD").pop().unwrap();
    let mounted = composed_list(&file, "/services/slowtax/volumes");
    let (example, _) = mounted[0].split_once(&format!(":{config}:ro")).expect("the configuration is mounted");
    assert!(workspace().join("deploy").join(example).is_file(), "{example}");
    assert!(mounted[1].ends_with(&format!(":{}", variables["SLOWTAX_DATA_DIR"])), "{mounted:?}");
    let health = [words_as_json("ENTRYPOINT"), vec!["health".to_owned(), "--config".to_owned(), config]].concat();
    assert_eq!(composed_list(&file, "/services/slowtax/healthcheck/test")[1..], health);
    let server = variables["SLOWTAX_CLICKHOUSE__URL"].strip_prefix("http://").unwrap();
    assert_eq!(server.split_once(':'), Some(("clickhouse", "8123")));
    let ping = composed_list(&file, "/services/clickhouse/healthcheck/test");
    assert_eq!(ping.last(), Some(&"http://127.0.0.1:8123/ping"));
    for (ours, theirs) in [("USER", "CLICKHOUSE_USER"), ("PASSWORD", "CLICKHOUSE_PASSWORD")] {
        let given = composed(&file, &format!("/services/clickhouse/environment/{theirs}"));
        assert_eq!(variables[&format!("SLOWTAX_CLICKHOUSE__{ours}")], given);
    }
    let password = &variables["SLOWTAX_CLICKHOUSE__PASSWORD"];
    assert!(password.starts_with("${CLICKHOUSE_PASSWORD:?"), "{password} is no secret of the environment's");
    assert!(read("deploy/.gitignore").lines().any(|line| line == ".env"));
    let gateway = composed(&file, "/networks/default/ipam/config/0/gateway");
    assert_eq!(variables["SLOWTAX_HTTP__TRUSTED_PROXIES"], gateway);
}

#[test]
fn the_text_names_files_that_exist_or_are_built() {
    let text = read("deploy/README.md");
    let roots = ["collector/", "deploy/", "node_modules/", "target/", "tests/"];
    let words = text.split(|character: char| character.is_whitespace() || "`()'\"".contains(character));
    let paths: Vec<&str> = words.filter(|word| roots.iter().any(|root| word.starts_with(root))).collect();
    assert!(paths.len() > 8, "they were read: {paths:?}");
    for path in paths {
        assert!(path == "deploy/.env" || is_known(path), "{path} is neither there nor built");
    }
    let folder = service("ExecStart").concat().split_once("/slowtax ").unwrap().0.to_owned();
    assert!(text.contains(&format!("install -D -t {folder} ")), "what the unit starts is put where it looks");
}
