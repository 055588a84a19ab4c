use super::*;

const EXAMPLE: &str = include_str!("../../slowtax.example.toml");

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, [])
}

fn message(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn nothing_written_means_the_defaults() {
    let config = parse("").unwrap();
    assert_eq!(config.http.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.http.body_bytes_max, 65_536);
    assert!(!config.http.report_open);
    assert_eq!(config.clickhouse.mode, ClickHouseMode::Embedded);
    assert_eq!(config.writer.rows_max, 50_000);
    assert_eq!(config.writer.bytes_max, 16 * 1024 * 1024);
    assert_eq!(config.writer.age_max_ms, 1000);
    assert!(config.sites.is_empty());
}

#[test]
fn the_example_names_every_key_with_its_default() {
    let (example, keys) = Config::parse_keys(EXAMPLE, []).unwrap();
    let defaults =
        parse("[sites.shop]\nname = 'Demo shop'\npage_groups = [{ pattern = '/help/**', group = 'help' }]").unwrap();
    assert_eq!(example, defaults, "a default in slowtax.example.toml is not the one in force");
    for key in keys {
        let name = key.rsplit('.').next().unwrap();
        let written = EXAMPLE.lines().any(|line| line.starts_with(&format!("{name} = ")));
        assert!(written, "slowtax.example.toml does not name {key}");
    }
}

#[test]
fn the_example_shows_the_keys_of_users_and_tokens_without_letting_anybody_in() {
    assert!(!parse(EXAMPLE).unwrap().access.lets_anybody_in());
    let (shown, _) = EXAMPLE.split_once("\n[report]").unwrap();
    let shown = shown.replace("\n# [access.", "\n[access.").replace("\n# password_hash", "\npassword_hash");
    let shown = shown.replace("\n# token_hash", "\ntoken_hash").replace("\n# sites = ", "\nsites = ");
    let shown =
        shown.replace("$argon2id$v=19$m=19456,t=2,p=1$...", HASH).replace("token_hash = \"...\"", &token_hash());
    let (config, keys) = Config::parse_keys(&shown, []).unwrap();
    assert_eq!((config.access.users.len(), config.access.tokens.len()), (1, 1));
    for key in keys.iter().filter(|key| key.starts_with("access.") && key.contains("<key>")) {
        let name = key.rsplit('.').next().unwrap();
        assert!(EXAMPLE.contains(&format!("\n# {name} = ")), "slowtax.example.toml does not show {key}");
    }
}

#[test]
fn the_example_shows_the_keys_of_receivers_without_having_any() {
    assert!(parse(EXAMPLE).unwrap().alarms.receivers.is_empty());
    let (_, shown) = EXAMPLE.split_once("\n# [alarms.receivers.ops]").unwrap();
    let (shown, _) = shown.split_once("\n\n").unwrap();
    let shown: Vec<&str> =
        shown.lines().map(|line| line.trim_start_matches("# ")).filter(|line| line.contains(" = ")).collect();
    let shown = format!("[alarms.receivers.ops]\n{}", shown.join("\n").replace("\"...\"", "'sixteen bytes ok'"));
    let (config, keys) = Config::parse_keys(&shown, []).unwrap();
    let ops = &config.alarms.receivers["ops"];
    assert_eq!((ops.kind, ops.urgency, ops.repeat_h), (ReceiverKind::Webhook, Urgency::Ticket, 4));
    for key in keys.iter().filter(|key| key.starts_with("alarms.receivers.<key>.")) {
        let name = key.rsplit('.').next().unwrap();
        assert!(shown.contains(&format!("\n{name} = ")), "slowtax.example.toml does not show {key}");
    }
    let written = "[alarms.receivers.ops]\nkind = 'webhook'\nurl = 'https://ops.example.com/hooks/slowtax'\nsecret = 'sixteen bytes ok'\nsites = ['shop']";
    assert_eq!(
        parse(written).unwrap().alarms,
        config.alarms,
        "a default in slowtax.example.toml is not the one in force"
    );
}

#[test]
fn receivers_are_held_to_their_kinds_and_their_secrets_are_never_shown() {
    let receiver = |rest: &str| format!("[alarms.receivers.ops]\n{rest}");
    for (text, expected) in [
        (receiver("url = 'https://opensesame.example'"), "alarms.receivers.ops.kind: must be set"),
        (
            receiver("kind = 'pager'"),
            "alarms.receivers.ops.kind: \"pager\" does not fit; expected alertmanager, webhook or slack",
        ),
        (receiver("kind = 'slack'"), "alarms.receivers.ops.url: must be set; expected an https:// address"),
        (
            receiver("kind = 'slack'\nurl = 'http://8.8.8.8/opensesame'"),
            "alarms.receivers.ops.url: the value does not fit",
        ),
        (receiver("kind = 'slack'\nurl = ['opensesame']"), "alarms.receivers.ops.url: the value does not fit"),
        (receiver("kind = 'webhook'\nurl = 'https://a.example'"), "alarms.receivers.ops.secret: must be set"),
        (
            receiver("kind = 'webhook'\nurl = 'https://a.example'\nsecret = 'opensesame12345'"),
            "alarms.receivers.ops.secret: the value does not fit; expected 16 to 1024 bytes",
        ),
        (
            receiver("kind = 'slack'\nurl = 'https://a.example'\nsecret = 'opensesame123456'"),
            "alarms.receivers.ops.secret: the value does not fit; expected nothing",
        ),
        (receiver("kind = 'slack'\nurl = 'https://a.example'\nsites = ['a b']"), "alarms.receivers.ops.sites: \"a b\""),
        (
            receiver("kind = 'slack'\nurl = 'https://a.example'\nurgency = 'now'"),
            "alarms.receivers.ops.urgency: \"now\"",
        ),
        (receiver("kind = 'slack'\nurl = 'https://a.example'\nrepeat_h = 0"), "alarms.receivers.ops.repeat_h: 0"),
        (receiver("kind = 'slack'\nurl = 'https://a.example'\nrepeat_h = 169"), "alarms.receivers.ops.repeat_h: 169"),
        (
            receiver("kind = 'slack'\nurl = 'https://a.example'\nrepeat = 4"),
            "alarms.receivers.ops.repeat: there is no such key; the nearest is alarms.receivers.ops.repeat_h",
        ),
        (
            "[alarms.receivers.'a b']\n".to_owned(),
            "alarms.receivers: \"a b\" does not fit; expected at most 20 receivers",
        ),
        ("[alarms]\nprobe_url = 'http://8.8.8.8'".to_owned(), "alarms.probe_url: \"http://8.8.8.8\" does not fit"),
        ("[alarms]\nprobe_url = 'https://a.example?b'".to_owned(), "alarms.probe_url: "),
        ("[alarms]\nheartbeat_url = 'opensesame'".to_owned(), "alarms.heartbeat_url: the value does not fit"),
        ("[sites._probe]\n".to_owned(), "sites: \"_probe\" does not fit; expected at most 1000 sites"),
    ] {
        let text = message(&text);
        assert!(text.contains(expected) && !text.contains("opensesame"), "{expected} is not in:\n{text}");
    }
    let config = parse(&receiver(
        "kind = 'webhook'\nurl = 'https://opensesame.example'\nsecret = 'opensesame123456'\nsites = ['shop']",
    ))
    .unwrap();
    let shown = config.effective().unwrap();
    assert!(!shown.contains("opensesame") && shown.contains("secret = \"***\""), "{shown}");
    assert!(!format!("{config:?}").contains("opensesame"));
    let strange = "alarms.receivers.ops.sites: shop is no site of this configuration".to_owned();
    assert!(config.remarks().contains(&strange), "{:?}", config.remarks());
    let many = |count| {
        let table = |number| format!("[alarms.receivers.r{number}]\nkind = 'slack'\nurl = 'https://a.example'\n");
        (0..count).map(table).collect::<Vec<_>>().concat()
    };
    assert!(parse(&many(20)).is_ok() && parse(&many(21)).is_err());
}

/// In form alone: no password is known that it fits.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn token_hash() -> String {
    format!("token_hash = \"{}\"", "ab".repeat(32))
}

#[test]
fn users_and_tokens_are_read_with_their_sites() {
    let config = parse(&format!(
        "[access.users.ann]\npassword_hash = '{HASH}'\n[access.users.'bob@example.com']\npassword_hash = '{HASH}'\nsites = ['shop']\n\
         [access.tokens.ci]\n{}\nsites = ['shop', 'blog']\n",
        token_hash()
    ))
    .unwrap();
    assert_eq!(config.access.users["ann"].sites, None);
    assert_eq!(config.access.users["bob@example.com"].sites, Some(vec!["shop".to_owned()]));
    assert_eq!(config.access.tokens["ci"].sites.as_ref().unwrap().len(), 2);
    let shown = config.effective().unwrap();
    assert!(
        !shown.contains("argon2id") && !shown.contains("abab") && shown.contains("password_hash = \"***\""),
        "{shown}"
    );
    let strange = "access.users.\"bob@example.com\".sites: shop is no site of this configuration".to_owned();
    assert!(config.remarks().contains(&strange), "{:?}", config.remarks());
}

#[test]
fn what_would_let_nobody_or_anybody_in_is_refused_and_no_secret_is_shown() {
    for (text, expected) in [
        (
            "[access.users.ann]\npassword_hash = 'opensesame'",
            "access.users.ann.password_hash: the value does not fit; expected the hash that `slowtax hash-password` prints",
        ),
        ("[access.users.ann]\nsites = ['shop']", "access.users.ann.password_hash: must be set"),
        ("[access.users.ann]", "access.users.ann.password_hash: must be set"),
        (
            "[access.users.ann]\npasword_hash = 'opensesame'",
            "access.users.ann.pasword_hash: there is no such key; the nearest is access.users.ann.password_hash",
        ),
        ("[access.users]\nann = 'opensesame'", "access.users.ann"),
        ("[access.users.\"a\\\"b\"]\n", "access.users: "),
        (
            "[access.tokens.ci]\ntoken_hash = 'opensesame'",
            "access.tokens.ci.token_hash: the value does not fit; expected the hash that `slowtax new-token` prints",
        ),
        ("[access.tokens.ci]", "access.tokens.ci.token_hash: must be set"),
        ("[access.tokens.ci]\nsites = []", "access.tokens.ci.sites: must be set; expected keys of sites"),
        ("[access.tokens.ci]\nsites = ['a b']", "access.tokens.ci.sites: \"a b\" does not fit"),
        (
            "[access]\nproxy_user_header = 'X-User'",
            "access.proxy_user_header: \"x-user\" does not fit; expected http.trusted_proxies",
        ),
        (
            "[http]\ntrusted_proxies = ['10.0.0.1']\n[access]\nproxy_user_header = 'X User'",
            "access.proxy_user_header: \"X User\" does not fit",
        ),
        ("[access]\nsession_hours = 0", "access.session_hours: 0 does not fit; expected a whole number from 1 to 720"),
        ("[access]\nsession_hours = 721", "access.session_hours: 721"),
        ("[report]\nurl = 'rum.example.com'", "report.url: "),
        ("[report]\nurl = 'https://rum.example.com/?a'", "report.url: "),
        ("[mail]\nfrom = 'nobody'", "mail.from: \"nobody\" does not fit"),
        ("[mail]\nsmtp_url = 'smtp://me:opensesame@mail.example.com'", "mail.smtp_url: the value does not fit"),
        ("[mail]\nsmtp_url = 'https://mail.example.com'", "mail.smtp_url: the value does not fit"),
        ("[mail]\nsmtp_url = 'smtps://me:opensesame@mail.example.com'", "mail.from: must be set"),
    ] {
        let text = message(text);
        assert!(text.contains(expected) && !text.contains("opensesame"), "{expected} is not in:\n{text}");
    }
    assert!(parse("[http]\ntrusted_proxies = ['10.0.0.1']\n[access]\nproxy_user_header = 'X-User'\n[access.users.ann]\nsites = ['shop']").is_ok());
    for smtp_url in [
        "smtp://127.0.0.1:25",
        "smtp://u:p@127.0.0.1:25",
        "smtp://mail.example.com",
        "smtp://u:p@mail.example.com?tls=required",
        "smtps://u:p@mail.example.com:465",
    ] {
        let text = format!("[mail]\nsmtp_url = '{smtp_url}'\nfrom = 'Slowtax <slowtax@example.com>'");
        assert!(parse(&text).is_ok(), "{smtp_url}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let text = message("[http]\nlisen = '127.0.0.1:1'\n");
    assert!(text.contains("http.lisen: there is no such key; the nearest is http.listen"), "{text}");
    let text = message("[sites.shop]\ncurency = 'EUR'\n");
    assert!(text.contains("sites.shop.curency: there is no such key; the nearest is sites.shop.currency"), "{text}");
    let text = message("data_dirr = 'x'\n");
    assert!(text.contains("data_dirr: there is no such key; the nearest is data_dir"), "{text}");
}

#[test]
fn all_problems_are_told_at_once_each_with_path_value_and_what_is_expected() {
    let text = message(
        "[http]\nlisten = 'here'\nworkers = -1\nreport_open = 'yes'\ntrusted_proxies = ['10.0.0.0/33']\n\
         [clickhouse]\nmode = 'cluster'\ndatabase = 'a-b'\n[sites.'a b']\nname = 'x'\n",
    );
    for expected in [
        "the configuration has 7 problems",
        "http.listen: \"here\" does not fit; expected an address and a port",
        "http.workers: -1 does not fit; expected a whole number from 0 to 512",
        "http.report_open: \"yes\" does not fit; expected true or false",
        "http.trusted_proxies: \"10.0.0.0/33\" does not fit",
        "clickhouse.mode: \"cluster\" does not fit; expected embedded or server",
        "clickhouse.database: \"a-b\" does not fit",
        "sites: \"a b\" does not fit",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
}

#[test]
fn ranges_hold_at_both_ends() {
    for (body_bytes_max, fits) in [(1023, false), (1024, true), (65_536, true), (65_537, false)] {
        assert_eq!(parse(&format!("[http]\nbody_bytes_max = {body_bytes_max}")).is_ok(), fits, "{body_bytes_max}");
    }
}

#[test]
fn the_environment_overrides_the_file() {
    let environment = [
        ("SLOWTAX_HTTP__LISTEN", "0.0.0.0:9000"),
        ("SLOWTAX_HTTP__WORKERS", "3"),
        ("SLOWTAX_HTTP__REPORT_OPEN", "true"),
        ("SLOWTAX_HTTP__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
        ("SLOWTAX_DATA_DIR", "elsewhere"),
        ("SLOWTAX_CLICKHOUSE__EMBEDDED__LIBRARY", "lib.so"),
        ("SLOWTAX_SITES__SHOP__CURRENCY", "EUR"),
        ("SLOWTAX_EXIT_ON_STDIN_EOF", "1"),
        ("PATH", "/bin"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::parse("[http]\nlisten = '127.0.0.1:1'\n", environment).unwrap();
    assert_eq!(config.http.listen, "0.0.0.0:9000".parse().unwrap());
    assert_eq!(config.http.workers, 3);
    assert!(config.http.report_open);
    assert_eq!(config.http.trusted_proxies.len(), 2);
    assert_eq!(config.data_dir, PathBuf::from("elsewhere"));
    assert_eq!(config.clickhouse.embedded.library, PathBuf::from("lib.so"));
    assert_eq!(config.sites["shop"].currency, "EUR");
}

#[test]
fn an_unknown_override_is_refused_too() {
    let environment = [("SLOWTAX_HTTP__LISTN".to_owned(), "x".to_owned())];
    let text = Config::parse("", environment).unwrap_err().to_string();
    assert!(text.contains("http.listn: there is no such key; the nearest is http.listen"), "{text}");
}

#[test]
fn the_password_is_never_shown() {
    let config = parse("[clickhouse]\npassword = 'opensesame'").unwrap();
    assert_eq!(config.clickhouse.password.reveal(), "opensesame");
    assert!(!format!("{config:?}").contains("opensesame"));
    let shown = config.effective().unwrap();
    assert!(!shown.contains("opensesame") && shown.contains("password = \"***\""), "{shown}");
    assert!(!message("[clickhouse]\npassword = ['opensesame']").contains("opensesame"));
}

#[test]
fn the_embedded_engine_listens_on_loopback_only() {
    assert!(parse("[clickhouse]\nurl = 'http://127.0.0.1:9999'").is_ok());
    assert!(parse("[clickhouse]\nurl = 'http://[::1]:9999/'").is_ok());
    for url in [
        "http://10.0.0.1:8123",
        "https://127.0.0.1:8123",
        "http://127.0.0.1",
        "127.0.0.1:8123",
        "http://u:p@127.0.0.1:1",
    ] {
        assert!(parse(&format!("[clickhouse]\nurl = '{url}'")).is_err(), "{url}");
    }
    assert!(parse("[clickhouse]\nmode = 'server'\nurl = 'https://clickhouse.example.com'").is_ok());
}

#[test]
fn origins_are_what_browsers_send() {
    assert!(parse("[sites.shop]\nallowed_origins = ['https://shop.example.com', 'http://localhost:8081/']").is_ok());
    for origin in ["shop.example.com", "https://shop.example.com/path", "https://shop.example.com:443", "ftp://x"] {
        assert!(parse(&format!("[sites.shop]\nallowed_origins = ['{origin}']")).is_err(), "{origin}");
    }
}

#[test]
fn the_effective_configuration_reads_back_as_itself() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(parse(&config.effective().unwrap()).unwrap(), config);
}

#[test]
fn maintenance_windows_are_understood_or_refused() {
    for window in [
        "{ from = '2026-12-01T02:00:00Z', until = '2026-12-01T04:00:00+01:00' }",
        "{ from = 2026-12-01T02:00:00Z, until = 2026-12-01T04:00:00Z }",
        "{ every = 'sunday', from = '23:00', until = '01:00', site = 'shop' }",
        "{ every = 'day', from = '02:00', until = '03:00' }",
    ] {
        let config = parse(&format!("[alarms]\nmaintenance = [{window}]")).unwrap();
        assert_eq!(config.alarms.maintenance.len(), 1);
        let shown = config.effective().unwrap();
        assert_eq!(parse(&shown).unwrap().alarms, config.alarms, "{shown}");
    }
    for window in [
        "{ from = '2026-12-01T04:00:00Z', until = '2026-12-01T02:00:00Z' }",
        "{ from = '2026-12-01T02:00:00Z' }",
        "{ every = 'holiday', from = '02:00', until = '03:00' }",
        "{ every = 'day', from = '02:00', until = '03:00', until_at = 1 }",
        "{ every = 'day', from = '02:00', until = '03:00', site = 'a b' }",
        "'sunday'",
    ] {
        let text = message(&format!("[alarms]\nmaintenance = [{window}]"));
        assert!(text.contains("alarms.maintenance: ") && text.contains("does not fit; expected { from"), "{text}");
    }
    for objective in ["0.4", "1.0", "'much'", "1"] {
        let text = message(&format!("[alarms]\nerror_objective = {objective}"));
        assert!(text.contains("alarms.error_objective: "), "{text}");
    }
    let config =
        parse("[alarms]\nmaintenance = [{ every = 'day', from = '02:00', until = '03:00', site = 'blog' }]").unwrap();
    assert!(config.remarks().contains(&"alarms.maintenance: blog is no site of this configuration".to_owned()));
}
