//! Logging in and out: one page of our own, without scripts, and two forms.

use std::time::{Duration, Instant, SystemTime};

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, guard, web};
use minijinja::{Environment, context};
use serde::Deserialize;
use url::form_urlencoded;

use super::next::within_origin;
use super::session::set_cookie;
use super::{Access, unix_s, viewer_now};
use crate::credentials::PasswordHash;
use crate::enrich::address::ClientAddress;
use crate::http::assets::REPORT_POLICY;
use crate::http::beacon::{client_of, read_body};
use crate::http::{Refused, Shared, method_not_allowed, refuse};
use crate::reject::Reject;

const PAGE: &str = include_str!("login.html");
const STYLE: &str = include_str!("login.css");
const CLOSED: &str = include_str!("closed.html");
/// How long a browser may keep the page's style.
const STYLE_CACHING: &str = "public, max-age=300";

pub(in crate::http) fn configure(service: &mut ServiceConfig) {
    let get = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    let resource = |path: &str| web::resource(path.to_owned()).default_service(web::to(method_not_allowed));
    service
        .service(resource("/login").route(get().to(page)).route(web::post().to(log_in)))
        .service(resource("/login.css").route(get().to(style)))
        .service(resource("/logout").route(web::post().to(log_out)));
}

#[derive(Deserialize)]
struct PageQuery {
    #[serde(default)]
    next: String,
}

async fn page(request: HttpRequest, query: Option<Query<PageQuery>>, shared: Data<Shared>) -> HttpResponse {
    let next = query.map_or_else(|| within_origin(""), |query| within_origin(&query.next));
    match viewer_now(&request, &shared) {
        Ok(_) => redirect(&next),
        Err(Reject::LoginRequired) if shared.access.key.is_some() => form(StatusCode::OK, "", &next, ""),
        Err(reject) => closed(&shared, reject),
    }
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, STYLE_CACHING))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

/// What the page's form sends.
#[derive(Default)]
struct Form {
    user: String,
    password: String,
    next: String,
}

impl Form {
    fn parse(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "user" => value.trim().clone_into(&mut form.user),
                "password" => form.password = value.into_owned(),
                "next" => form.next = within_origin(&value),
                _ => {}
            }
        }
        form
    }
}

async fn log_in(request: HttpRequest, payload: Payload, shared: Data<Shared>) -> Result<HttpResponse, Refused> {
    let access = &shared.access;
    if !access.is_sent_by_us(&request) {
        return Err(refuse(&shared, Reject::OriginNotAllowed));
    }
    let body = read_body(&request, payload, shared.config.http.body_bytes_max)
        .await
        .map_err(|reject| refuse(&shared, reject))?;
    let form = Form::parse(&body);
    let next = within_origin(&form.next);
    let Some((hash, is_real)) = access.hash_to_try(&form.user) else {
        return Ok(closed(&shared, viewer_now(&request, &shared).err().unwrap_or(Reject::ReportClosed)));
    };
    let network = client_of(&request, &shared).map(ClientAddress::network);
    let network = network.as_ref().map(|(network, length)| &network[..*length]);
    if let Err(wait) = access.attempts.take(network, &form.user, Instant::now()) {
        return Ok(too_many(&shared, &form.user, &next, wait));
    }
    let turn = match access.attempts.turn().await {
        Ok(turn) => turn,
        Err(wait) => return Ok(too_many(&shared, &form.user, &next, wait)),
    };
    let tried = hash.clone();
    let is_right = web::block(move || {
        let _turn = turn;
        tried.matches(form.password.as_bytes())
    });
    match is_right.await {
        Err(_) => Err(refuse(&shared, Reject::Internal)),
        Ok(true) if is_real => Ok(logged_in(&request, access, &form.user, hash, &next)),
        Ok(_) => {
            shared.metrics.request_refused(Reject::LoginFailed);
            // A name that is nobody's may be a password in the wrong field.
            if is_real {
                tracing::warn!(user = form.user, "a login with a wrong password");
            }
            let problem = "There is no such user, or the password is another one.";
            Ok(self::form(status(Reject::LoginFailed), &form.user, &next, problem))
        }
    }
}

impl Access {
    /// The hash that a login is held against, and whether it is this user's. Who is nobody is held against somebody's, always the same, so that it
    /// takes as long; `None` where nobody can log in.
    fn hash_to_try(&self, user: &str) -> Option<(&PasswordHash, bool)> {
        if let Some(hash) = self.password_of(user) {
            return Some((hash, true));
        }
        let hashes: Vec<&PasswordHash> =
            self.config.users.values().filter_map(|user| user.password_hash.as_ref()).collect();
        let number = usize::try_from(self.key.as_ref()?.number(user) >> 33).unwrap_or_default();
        hashes.get(number.checked_rem(hashes.len())?).map(|hash| (*hash, false))
    }
}

fn logged_in(request: &HttpRequest, access: &Access, user: &str, hash: &PasswordHash, next: &str) -> HttpResponse {
    let age_s = u64::from(access.config.session_hours) * 3600;
    let sealed = access.key.as_ref().map(|key| key.seal(user, unix_s(SystemTime::now()) + age_s, hash));
    tracing::info!(user, "logged in");
    let mut response = redirect(next);
    add_cookie(&mut response, &set_cookie(&sealed.unwrap_or_default(), age_s, access.is_secure(request)));
    response
}

async fn log_out(request: HttpRequest, payload: Payload, shared: Data<Shared>) -> Result<HttpResponse, Refused> {
    if !shared.access.is_sent_by_us(&request) {
        return Err(refuse(&shared, Reject::OriginNotAllowed));
    }
    // There is nothing in it, but the connection goes on only behind it.
    read_body(&request, payload, shared.config.http.body_bytes_max).await.map_err(|reject| refuse(&shared, reject))?;
    let mut response = redirect(if shared.access.key.is_some() { "/login" } else { "/" });
    add_cookie(&mut response, &set_cookie("", 0, shared.access.is_secure(&request)));
    Ok(response)
}

fn add_cookie(response: &mut HttpResponse, cookie: &str) {
    if let Ok(value) = header::HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
}

fn too_many(shared: &Shared, user: &str, next: &str, wait: Duration) -> HttpResponse {
    shared.metrics.request_refused(Reject::TooManyLogins);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let problem = format!("Too many logins were tried. Try again in {seconds} seconds.");
    let mut response = form(status(Reject::TooManyLogins), user, next, &problem);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    response
}

fn status(reject: Reject) -> StatusCode {
    StatusCode::from_u16(reject.status()).unwrap_or(StatusCode::FORBIDDEN)
}

/// The login page; `problem` is what went wrong before.
fn form(status: StatusCode, user: &str, next: &str, problem: &str) -> HttpResponse {
    html(status, "login.html", PAGE, &context! { user, next, problem })
}

/// What is shown where nobody can log in; counted.
pub(super) fn closed(shared: &Shared, reject: Reject) -> HttpResponse {
    shared.metrics.request_refused(reject);
    let is_closed = reject == Reject::ReportClosed;
    let mut response = html(status(reject), "closed.html", CLOSED, &context! { is_closed });
    if reject == Reject::LoginRequired {
        let challenge = header::HeaderValue::from_static("Bearer realm=\"slowtax\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A page of ours; what its template takes is escaped, as its name ends in `.html`.
fn html(status: StatusCode, name: &str, template: &str, values: &minijinja::Value) -> HttpResponse {
    let Ok(page) = Environment::new().render_named_str(name, template, values) else {
        tracing::error!(name, "a page could not be made");
        return HttpResponse::InternalServerError().finish();
    };
    HttpResponseBuilder::new(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, REPORT_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // With `no-referrer` a browser would not say where the form comes from.
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// Leads to a path of this origin.
pub(super) fn redirect(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::LOCATION, path))
        .finish()
}

/// The login page's address that leads back to `here`.
pub(super) fn address(here: &str) -> String {
    match within_origin(here) {
        home if home == "/" => "/login".to_owned(),
        next => {
            format!("/login?{}", form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish())
        }
    }
}
