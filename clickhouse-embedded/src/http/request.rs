//! What a request asks for, read from its URL and headers once.
//!
//! Every URL parameter that is not one of HTTP's own is a setting, and `param_x` is the value of `{x:Type}`, as on a
//! server.

use std::time::Duration;

use base64::Engine as _;
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use hyper::{Method, Uri};

use crate::exception::{ErrorCode, Exception};
use crate::http::encoding::Encoding;
use crate::http::multipart::boundary;
use crate::http::session::SessionOptions;
use crate::limits::{SESSION_TIMEOUT_DEFAULT, SESSION_TIMEOUT_MAX};

/// Who may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The one user's name.
    pub user: String,
    /// The password; `None` lets in whatever is sent.
    pub password: Option<String>,
}

/// What a statement may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadOnly {
    /// Anything.
    No,
    /// Read, and change settings (`readonly=2`).
    ButSettings,
    /// Read (`readonly=1`).
    Strictly,
}

impl ReadOnly {
    /// The value of the setting.
    pub fn value(self) -> u8 {
        match self {
            Self::No => 0,
            Self::ButSettings => 2,
            Self::Strictly => 1,
        }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequest {
    /// The `query` parameter, before the body.
    pub query: Vec<u8>,
    /// What divides the body if it is a form.
    pub form_boundary: Option<String>,
    /// The current database, if not the default one.
    pub database: Option<String>,
    /// The output format of a statement without a FORMAT clause.
    pub default_format: String,
    /// The client's or a new identifier.
    pub query_id: String,
    /// The named session.
    pub session: Option<SessionOptions>,
    /// Values of `{name:Type}`.
    pub params: Vec<(String, String)>,
    /// Settings, in the order of the URL, without `readonly`.
    pub settings: Vec<(String, String)>,
    /// What the statement may do.
    pub read_only: ReadOnly,
    /// `compress=1`
    pub compressed_frames: bool,
    /// `decompress=1`
    pub body_in_frames: bool,
    /// `Content-Encoding`
    pub body_encoding: Option<Encoding>,
    /// The content encoding of the response.
    pub response_encoding: Option<Encoding>,
    /// Its level.
    pub response_level: u32,
    /// `wait_end_of_query=1`
    pub wait_for_end: bool,
    /// `buffer_size`
    pub buffer_bytes: Option<u64>,
    /// `client_protocol_version`
    pub client_protocol_version: u64,
}

/// Parameters that are HTTP's own and no settings.
const OWN_PARAMETERS: [&str; 18] = [
    "buffer_size",
    "client_protocol_version",
    "close_session",
    "compress",
    "database",
    "decompress",
    "default_format",
    "password",
    "query",
    "query_id",
    "quota_key",
    "role",
    "session_check",
    "session_id",
    "session_timeout",
    "stacktrace",
    "user",
    "wait_end_of_query",
];

/// `client_protocol_version` from which the Native format has a byte per column that the engine does not write here.
pub const PROTOCOL_WITH_CUSTOM_SERIALIZATION: u64 = 54454;

impl QueryRequest {
    /// Reads a request and checks who sends it. `new_query_id` is used if the client gives none.
    pub fn read(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        access: &Access,
        new_query_id: impl FnOnce() -> String,
    ) -> Result<Self, Exception> {
        let parameters = Parameters::of(uri);
        authenticate(&parameters, headers, access)?;
        let owned = |name: &str| parameters.get(name).map(str::to_owned);
        let compresses = parameters.flag("enable_http_compression")?.unwrap_or(true);
        Ok(Self {
            query: parameters.get("query").unwrap_or_default().as_bytes().to_vec(),
            form_boundary: match header(headers, CONTENT_TYPE.as_str()) {
                Some(value) => boundary(&value)?,
                None => None,
            },
            database: header(headers, "x-clickhouse-database").or(owned("database")).filter(|name| !name.is_empty()),
            default_format: header(headers, "x-clickhouse-format")
                .or(owned("default_format"))
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "TabSeparated".to_owned()),
            query_id: owned("query_id")
                .or(header(headers, "x-clickhouse-query-id"))
                .filter(|id| !id.is_empty())
                .unwrap_or_else(new_query_id),
            session: parameters.session()?,
            params: parameters.query_parameters(),
            settings: parameters.settings(),
            read_only: parameters.read_only(method)?,
            compressed_frames: parameters.flag("compress")?.unwrap_or(false),
            body_in_frames: parameters.flag("decompress")?.unwrap_or(false),
            body_encoding: match header(headers, CONTENT_ENCODING.as_str()) {
                Some(value) => Encoding::of_content(&value)?,
                None => None,
            },
            response_encoding: header(headers, ACCEPT_ENCODING.as_str())
                .filter(|_| compresses)
                .and_then(|value| Encoding::best_accepted(&value)),
            response_level: parameters.number("http_zlib_compression_level")?.map_or(3, |level| level.min(9) as u32),
            wait_for_end: match parameters.flag("wait_end_of_query")? {
                Some(wait) => wait,
                None => parameters.flag("http_wait_end_of_query")?.unwrap_or(false),
            },
            buffer_bytes: match parameters.number("buffer_size")? {
                Some(bytes) => Some(bytes),
                None => parameters.number("http_response_buffer_size")?,
            },
            client_protocol_version: parameters.number("client_protocol_version")?.unwrap_or(0),
        })
    }
}

struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().filter(|(name, _)| !name.is_empty()).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Exception> {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some("1" | "true") => Ok(Some(true)),
            Some("0" | "false") => Ok(Some(false)),
            Some(other) => Err(bad_parameter(name, other)),
        }
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Exception> {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| bad_parameter(name, text)),
        }
    }

    fn session(&self) -> Result<Option<SessionOptions>, Exception> {
        let Some(id) = self.get("session_id").filter(|id| !id.is_empty()) else { return Ok(None) };
        let timeout = match self.get("session_timeout") {
            None => SESSION_TIMEOUT_DEFAULT,
            Some(text) => text.parse().map(Duration::from_secs).map_err(|_| {
                Exception::new(ErrorCode::INVALID_SESSION_TIMEOUT, format!("Invalid session timeout: '{text}'"))
            })?,
        };
        if timeout > SESSION_TIMEOUT_MAX {
            return Err(Exception::new(
                ErrorCode::INVALID_SESSION_TIMEOUT,
                format!(
                    "Session timeout '{}' is larger than max_session_timeout: {}.",
                    timeout.as_secs(),
                    SESSION_TIMEOUT_MAX.as_secs()
                ),
            ));
        }
        Ok(Some(SessionOptions {
            id: id.to_owned(),
            timeout,
            must_exist: self.get("session_check") == Some("1"),
            close: self.flag("close_session")?.unwrap_or(false),
        }))
    }

    fn query_parameters(&self) -> Vec<(String, String)> {
        let named = |(key, value): &(String, String)| Some((key.strip_prefix("param_")?.to_owned(), value.clone()));
        self.0.iter().filter_map(named).filter(|(name, _)| !name.is_empty()).collect()
    }

    fn settings(&self) -> Vec<(String, String)> {
        let is_setting = |key: &str| !OWN_PARAMETERS.contains(&key) && !key.starts_with("param_") && key != "readonly";
        self.0.iter().filter(|(key, _)| is_setting(key)).cloned().collect()
    }

    fn read_only(&self, method: &Method) -> Result<ReadOnly, Exception> {
        // As on a server, whatever is not POST only reads.
        let implied = if matches!(*method, Method::POST | Method::PUT) { ReadOnly::No } else { ReadOnly::ButSettings };
        let asked = match self.get("readonly") {
            None => implied,
            Some("0" | "false") if implied == ReadOnly::No => ReadOnly::No,
            Some("0" | "false") => {
                return Err(Exception::new(
                    ErrorCode::READONLY,
                    "Cannot modify 'readonly' setting in readonly mode. For queries over HTTP, method GET implies \
                     readonly. You should use method POST for modifying queries.",
                ));
            }
            Some("1" | "true") => ReadOnly::Strictly,
            Some("2") => ReadOnly::ButSettings,
            Some(other) => return Err(bad_parameter("readonly", other)),
        };
        Ok(asked)
    }
}

fn bad_parameter(name: &str, value: &str) -> Exception {
    Exception::new(ErrorCode::BAD_ARGUMENTS, format!("Bad value '{value}' of the URL parameter '{name}'"))
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Names and passwords come in headers, by Basic authentication or in the URL, but only in one of these ways.
fn authenticate(parameters: &Parameters, headers: &HeaderMap, access: &Access) -> Result<(), Exception> {
    let in_headers = (header(headers, "x-clickhouse-user"), header(headers, "x-clickhouse-key"));
    let in_url = (parameters.get("user").map(str::to_owned), parameters.get("password").map(str::to_owned));
    let basic = match header(headers, AUTHORIZATION.as_str()) {
        Some(value) => basic_credentials(&value).map(|(user, password)| (Some(user), Some(password)))?,
        None => (None, None),
    };
    let given = |(user, password): &(Option<String>, Option<String>)| user.is_some() || password.is_some();
    let ways = [in_headers, basic, in_url];
    if ways.iter().filter(|way| given(way)).count() > 1 {
        return Err(Exception::new(
            ErrorCode::AUTHENTICATION_FAILED,
            "Invalid authentication: it is not allowed to use more than one of X-ClickHouse HTTP headers, \
             Authorization HTTP header and authentication via parameters simultaneously",
        ));
    }
    let (user, password) = ways.into_iter().find(given).unwrap_or_default();
    let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| "default".to_owned());
    let password = password.unwrap_or_default();
    let right = access.password.as_ref().is_none_or(|expected| equal_in_constant_time(expected, &password));
    if user == access.user && right {
        return Ok(());
    }
    Err(Exception::new(
        ErrorCode::AUTHENTICATION_FAILED,
        format!("{user}: Authentication failed: password is incorrect, or there is no user with such name."),
    ))
}

fn basic_credentials(header: &str) -> Result<(String, String), Exception> {
    let refused = || {
        Exception::new(ErrorCode::AUTHENTICATION_FAILED, "Invalid authentication: only the Basic scheme is supported")
    };
    let (scheme, encoded) = header.split_once(' ').ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(refused());
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).map_err(|_| refused())?;
    let decoded = String::from_utf8_lossy(&decoded).into_owned();
    let (user, password) = decoded.split_once(':').ok_or_else(refused)?;
    Ok((user.to_owned(), password.to_owned()))
}

/// Takes as long for a password that begins right as for one that does not.
fn equal_in_constant_time(expected: &str, given: &str) -> bool {
    let (expected, given) = (expected.as_bytes(), given.as_bytes());
    let mut difference = expected.len() ^ given.len();
    for (at, byte) in given.iter().enumerate() {
        difference |= usize::from(byte ^ expected.get(at % expected.len().max(1)).copied().unwrap_or(0));
    }
    difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn open_access() -> Access {
        Access { user: "default".to_owned(), password: None }
    }

    fn read(method: &Method, uri: &str, headers: &[(&'static str, &str)]) -> Result<QueryRequest, i32> {
        read_as(&open_access(), method, uri, headers)
    }

    fn read_as(
        access: &Access,
        method: &Method,
        uri: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<QueryRequest, i32> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        QueryRequest::read(method, &uri.parse().unwrap(), &map, access, || "new".to_owned()).map_err(|error| error.code)
    }

    #[test]
    fn the_url_is_divided_into_query_parameters_and_settings() {
        let request = read(
            &Method::POST,
            "/?query=SELECT+%7Bx%3AInt8%7D&param_x=5&max_threads=2&database=d&default_format=CSV&query_id=q&&readonly=2",
            &[],
        )
        .unwrap();
        assert_eq!(request.query, b"SELECT {x:Int8}");
        assert_eq!(request.params, [("x".to_owned(), "5".to_owned())]);
        assert_eq!(request.settings, [("max_threads".to_owned(), "2".to_owned())]);
        assert_eq!(request.database.as_deref(), Some("d"));
        assert_eq!(request.default_format, "CSV");
        assert_eq!(request.query_id, "q");
        assert_eq!(request.read_only, ReadOnly::ButSettings);
    }

    #[test]
    fn headers_come_before_the_url() {
        let request = read(
            &Method::POST,
            "/?database=url&default_format=CSV",
            &[("x-clickhouse-database", "header"), ("x-clickhouse-format", "JSON")],
        )
        .unwrap();
        assert_eq!(request.database.as_deref(), Some("header"));
        assert_eq!(request.default_format, "JSON");
        assert_eq!(request.query_id, "new");
    }

    #[test]
    fn get_only_reads_and_cannot_be_talked_out_of_it() {
        assert_eq!(read(&Method::GET, "/", &[]).unwrap().read_only, ReadOnly::ButSettings);
        assert_eq!(read(&Method::GET, "/?readonly=1", &[]).unwrap().read_only, ReadOnly::Strictly);
        assert_eq!(read(&Method::GET, "/?readonly=0", &[]), Err(164));
        assert_eq!(read(&Method::POST, "/?readonly=0", &[]).unwrap().read_only, ReadOnly::No);
        assert_eq!(read(&Method::POST, "/?readonly=9", &[]), Err(36));
    }

    #[test]
    fn sessions_have_a_bounded_timeout() {
        let request = read(&Method::POST, "/?session_id=s&session_timeout=10&session_check=1", &[]).unwrap();
        let session = request.session.unwrap();
        assert_eq!((session.timeout.as_secs(), session.must_exist, session.close), (10, true, false));
        assert_eq!(read(&Method::POST, "/?session_id=s&session_timeout=3600", &[]).map(|_| ()), Ok(()));
        assert_eq!(read(&Method::POST, "/?session_id=s&session_timeout=3601", &[]), Err(374));
        assert_eq!(read(&Method::POST, "/?session_id=s&session_timeout=x", &[]), Err(374));
    }

    #[test]
    fn the_response_is_encoded_if_the_client_accepts_it_and_does_not_switch_it_off() {
        let accept = [("accept-encoding", "gzip")];
        assert_eq!(read(&Method::GET, "/", &accept).unwrap().response_encoding, Some(Encoding::Gzip));
        assert_eq!(read(&Method::GET, "/?enable_http_compression=0", &accept).unwrap().response_encoding, None);
        assert_eq!(read(&Method::GET, "/?enable_http_compression=1", &[]).unwrap().response_encoding, None);
    }

    #[test]
    fn without_a_password_the_default_user_comes_in_with_any() {
        let basic = |text: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
        for headers in [
            vec![],
            vec![("x-clickhouse-user", "default"), ("x-clickhouse-key", "anything")],
            vec![("x-clickhouse-key", "")],
        ] {
            assert!(read(&Method::GET, "/", &headers).is_ok(), "{headers:?}");
        }
        assert!(read(&Method::GET, "/?user=default&password=x", &[]).is_ok());
        assert!(read(&Method::GET, "/", &[("authorization", &basic("default:"))]).is_ok());
        assert_eq!(read(&Method::GET, "/?user=root", &[]), Err(516));
        assert_eq!(read(&Method::GET, "/", &[("authorization", &basic("root:x"))]), Err(516));
        assert_eq!(read(&Method::GET, "/", &[("authorization", "Bearer x")]), Err(516));
        assert_eq!(read(&Method::GET, "/?user=default", &[("x-clickhouse-user", "default")]), Err(516));
    }

    #[test]
    fn a_set_password_is_needed() {
        let access = Access { user: "analyst".to_owned(), password: Some("secret".to_owned()) };
        assert!(read_as(&access, &Method::GET, "/?user=analyst&password=secret", &[]).is_ok());
        for url in [
            "/",
            "/?user=analyst",
            "/?user=analyst&password=secre",
            "/?user=analyst&password=secrets",
            "/?user=analyst&password=secretsecret",
            "/?user=default&password=secret",
        ] {
            assert_eq!(read_as(&access, &Method::GET, url, &[]), Err(516), "{url}");
        }
        let empty = Access { user: "default".to_owned(), password: Some(String::new()) };
        assert!(read_as(&empty, &Method::GET, "/", &[]).is_ok());
        assert_eq!(read_as(&empty, &Method::GET, "/?password=x", &[]), Err(516));
    }

    #[test]
    fn flags_that_are_none_are_refused() {
        assert_eq!(read(&Method::GET, "/?compress=maybe", &[]), Err(36));
        assert_eq!(read(&Method::GET, "/?buffer_size=-1", &[]), Err(36));
        assert_eq!(read(&Method::POST, "/", &[("content-encoding", "rot13")]), Err(48));
        assert_eq!(read(&Method::POST, "/", &[("content-type", "multipart/form-data")]), Err(36));
    }
}
