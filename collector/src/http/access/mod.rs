//! Who may look at the report and its API.
//!
//! Both are closed, unless the configuration opens them: to everybody (`http.report_open`), or to those who prove who they are, by the first of
//! these that a request has:
//!
//! 1. `Authorization: Bearer` with a token of `[access.tokens]`; one that is wrong is refused, whatever else there is;
//! 2. the header `access.proxy_user_header`, from a peer of `http.trusted_proxies`; from anybody else it is not looked at;
//! 3. the cookie of a session, which a login with a password of `[access.users]` has made ([`session`]).
//!
//! The routes of beacons neither set nor read a cookie. `GET /api/v1/me` says who is looking; `GET` and `POST /login` and `POST /logout` are in [`login`].
//! A site that somebody may not see is answered as one that does not exist. Who may change something is in [`writer`].

mod attempts;
mod login;
mod next;
mod origin;
mod session;
mod writer;

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, guard, web};
use ipnet::IpNet;
use serde::Serialize;

use super::{Refused, Shared, header as header_text, method_not_allowed, refuse};
use crate::config::{AccessConfig, Config};
use crate::credentials::{PasswordHash, TokenHash};
use crate::reject::Reject;
use attempts::Attempts;
pub(super) use login::configure;
pub use session::{KeyError, SessionKey};
pub(super) use writer::writer;

/// Who may look, as the configuration has it.
pub struct Access {
    is_open: bool,
    config: AccessConfig,
    trusted_proxies: Vec<IpNet>,
    report_url: String,
    /// There where anybody can log in.
    key: Option<SessionKey>,
    attempts: Attempts,
}

/// Somebody who may look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Viewer {
    /// The name of the user or of the token; none where the report is open to everybody.
    user: Option<String>,
    /// The sites that may be seen; none: all.
    sites: Option<Vec<String>>,
    can_log_out: bool,
}

impl Viewer {
    /// The name of the user or of the token; empty where nobody had to prove anything.
    pub(super) fn name(&self) -> &str {
        self.user.as_deref().unwrap_or_default()
    }

    /// Whether a site, if it exists, is for this viewer.
    pub(super) fn may_see(&self, site: &str) -> bool {
        self.sites.as_ref().is_none_or(|sites| sites.iter().any(|seen| seen == site))
    }
}

/// What of a request says who it is from.
#[derive(Debug, Default)]
struct Proofs<'a> {
    /// The token of `Authorization: Bearer`.
    token: Option<&'a str>,
    /// The user that a trusted proxy names; empty where it names several, or none that is text.
    proxy_user: Option<&'a str>,
    /// Sessions' cookies: another path or domain may have set more than one.
    cookies: Vec<&'a str>,
}

impl Access {
    /// Reads, or makes, the key of sessions in the data directory where anybody can log in. `random` becomes a new one.
    pub fn new(config: &Config, data_dir: &Path, now: Instant, random: [u8; 32]) -> Result<Self, KeyError> {
        let has_passwords = config.access.users.values().any(|user| user.password_hash.is_some());
        Ok(Self {
            is_open: config.http.report_open,
            config: config.access.clone(),
            trusted_proxies: config.http.trusted_proxies.clone(),
            report_url: config.report.url.clone(),
            key: has_passwords.then(|| SessionKey::open(data_dir, random)).transpose()?,
            attempts: Attempts::new(now),
        })
    }

    /// Who looks, or why nobody may.
    fn viewer(&self, proofs: &Proofs, now_s: u64) -> Result<Viewer, Reject> {
        if self.is_open {
            return Ok(Viewer::default());
        }
        self.proved(proofs, now_s).ok_or_else(|| self.refusal())
    }

    /// Who has proved who it is, whether or not the report is open to everybody.
    fn proved(&self, proofs: &Proofs, now_s: u64) -> Option<Viewer> {
        match (proofs.token, proofs.proxy_user) {
            (Some(token), _) => self.holder(token),
            (None, Some("")) => None,
            (None, Some(user)) => Some(self.known(user, false)),
            (None, None) => self.logged_in(&proofs.cookies, now_s),
        }
    }

    /// Why somebody who has not proved who it is may not look.
    fn refusal(&self) -> Reject {
        if self.config.lets_anybody_in() { Reject::LoginRequired } else { Reject::ReportClosed }
    }

    fn holder(&self, token: &str) -> Option<Viewer> {
        let shown = TokenHash::of(token);
        let is_it = |known: &Option<TokenHash>| known.as_ref().is_some_and(|known| known.is(&shown));
        let (name, token) = self.config.tokens.iter().find(|(_, token)| is_it(&token.token_hash))?;
        Some(Viewer { user: Some(name.clone()), sites: token.sites.clone(), can_log_out: false })
    }

    fn logged_in(&self, cookies: &[&str], now_s: u64) -> Option<Viewer> {
        let key = self.key.as_ref()?;
        let user = cookies.iter().find_map(|cookie| key.unseal(cookie, now_s, |user| self.password_of(user)))?;
        Some(self.known(&user, true))
    }

    /// A user, by a name that has been proved. One that the configuration does not name may see everything.
    fn known(&self, user: &str, can_log_out: bool) -> Viewer {
        let sites = self.config.users.get(user).and_then(|user| user.sites.clone());
        Viewer { user: Some(user.to_owned()), sites, can_log_out }
    }

    fn password_of(&self, user: &str) -> Option<&PasswordHash> {
        self.config.users.get(user)?.password_hash.as_ref()
    }

    /// Whether the peer that the request came from is one that speaks for others.
    fn trusts_peer_of(&self, request: &HttpRequest) -> bool {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        peer.is_some_and(|peer| self.trusted_proxies.iter().any(|network| network.contains(&peer)))
    }

    fn proofs<'a>(&self, request: &'a HttpRequest) -> Proofs<'a> {
        let authorization = header_text(request, "authorization");
        let authorization = authorization.map(|value| value.split_once(' ').unwrap_or((value, "")));
        let token = authorization.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let believed = !self.config.proxy_user_header.is_empty() && self.trusts_peer_of(request);
        Proofs {
            token: token.map(|(_, token)| token.trim()),
            proxy_user: believed.then(|| one_name(request, &self.config.proxy_user_header)).flatten(),
            cookies: session::cookies(
                request.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok()),
            ),
        }
    }
}

/// The one value of a header; empty where there are several, of which the client may have written one, and where it is no text.
fn one_name<'a>(request: &'a HttpRequest, header: &str) -> Option<&'a str> {
    let mut values = request.headers().get_all(header);
    let first = values.next()?;
    let is_one = values.next().is_none();
    Some(first.to_str().ok().filter(|_| is_one).map_or("", str::trim))
}

/// Who looks, or why nobody may.
fn viewer_now(request: &HttpRequest, shared: &Shared) -> Result<Viewer, Reject> {
    shared.access.viewer(&shared.access.proofs(request), unix_s(SystemTime::now()))
}

fn unix_s(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Lets the API answer those who may look, and tells its handlers who that is.
pub(super) async fn viewers_only(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let found = request.app_data::<Data<Shared>>().map_or(Err(Reject::Internal), |shared| {
        viewer_now(request.request(), shared).inspect_err(|reject| shared.metrics.request_refused(*reject))
    });
    let viewer = found.map_err(Refused)?;
    request.extensions_mut().insert(viewer);
    next.call(request).await
}

/// Who looks, within what [`viewers_only`] guards; elsewhere somebody who may see nothing.
pub(super) fn viewer(request: &HttpRequest) -> Viewer {
    let nobody = || Viewer { sites: Some(Vec::new()), ..Viewer::default() };
    request.extensions().get::<Viewer>().cloned().unwrap_or_else(nobody)
}

/// Whether the report's page may be seen; if not, the answer instead. `is_page`: whether it is a page that was asked for, and not one of its files.
pub(super) fn turned_away(request: &HttpRequest, shared: &Shared, is_page: bool) -> Option<HttpResponse> {
    let reject = viewer_now(request, shared).err()?;
    let is_page = is_page || header_text(request, "accept").is_some_and(|accept| accept.contains("text/html"));
    Some(match reject {
        Reject::LoginRequired if shared.access.key.is_some() && is_page => {
            shared.metrics.request_refused(reject);
            let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
            login::redirect(&login::address(here))
        }
        Reject::LoginRequired if !is_page => actix_web::ResponseError::error_response(&refuse(shared, reject)),
        _ => login::closed(shared, reject),
    })
}

/// Adds the API's route that says who is looking.
pub(super) fn configure_api(service: &mut ServiceConfig) {
    let get = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    service.service(web::resource("/me").route(get.to(me)).default_service(web::to(method_not_allowed)));
}

async fn me(request: HttpRequest) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(viewer(&request))
}

#[cfg(test)]
mod tests;
