//! The SQL as Rust: migrations as they are, views put together from what they include, and the report's questions with their views in place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Rest;
use minijinja::{Environment, UndefinedBehavior, context};
use sha2::{Digest, Sha256};

use super::{hex, quoted, watched_files};

/// The day from which on a narrowed question about causes looks at page views: the latest days that together have two million (LCP known). Reading the raw rows of
/// more takes seconds for each ten million.
const SINCE: &str = "(
        SELECT ifNull(minOrNull(day), {from_day:Date})
        FROM
        (
            SELECT day, sum(sum(n)) OVER (ORDER BY day DESC) - sum(n) AS newer
            FROM loss_cube
            WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
            GROUP BY day
        )
        WHERE newer < 2000000
    )";
/// Where a parameterised view begins that asks another one.
const DATABASE: &str = "{{database}}.";

fn sql_files(folder: &Path) -> io::Result<Vec<String>> {
    let mut files = watched_files(folder)?;
    files.retain(|file| Path::new(file).extension().is_some_and(|extension| extension == "sql"));
    Ok(files)
}

/// `MIGRATIONS` and `VIEWS`.
pub(super) fn schema(sql: &Path) -> io::Result<String> {
    let mut code = "/// Numbered steps, in order.\npub static MIGRATIONS: &[Migration] = &[\n".to_owned();
    let migrations = sql.join("migrations");
    for file in sql_files(&migrations)? {
        let path = migrations.join(&file);
        let checksum = hex(&Sha256::digest(fs::read(&path)?));
        let path = quoted(&path);
        let (version, name) = file.trim_end_matches(".sql").split_once('_').unwrap_or(("", ""));
        let version: u32 =
            version.parse().map_err(|_| io::Error::other(format!("{file} does not begin with a number")))?;
        let _ = writeln!(
            code,
            "    Migration {{ version: {version}, name: {name:?}, checksum: {checksum:?}, sql: include_str!({path}) }},"
        );
    }
    code.push_str(
        "];\n/// Views, in the order of their files: name, statement.\npub static VIEWS: &[(&str, &str)] = &[\n",
    );
    for (name, view) in views(&sql.join("views"), false)? {
        let _ = writeln!(code, "    ({name:?}, {view:?}),");
    }
    code.push_str("];\n");
    Ok(code)
}

/// For each of the report's questions, a constant named as its file: what it asks (with views called by name), the same with the views in place, and that narrowed.
///
/// In place, the views stand as subqueries: ClickHouse analyses a parameterised view twice each time that it is asked, and those within
/// it four times, which takes longer than the computation. Narrowed, a question takes parameters of where views were (`only` in the templates) as well,
/// as far as its views know them, '' being all.
pub(super) fn reports(sql: &Path) -> io::Result<String> {
    let folder = sql.join("reports");
    let files = sql_files(&folder)?;
    let render = |narrowed: bool, is_in_place: bool| -> io::Result<BTreeMap<String, String>> {
        let views = views(&sql.join("views"), narrowed)?;
        let bodies: BTreeMap<&str, &str> = views.iter().filter_map(|(_, view)| body(view)).collect();
        let questions = rendered(&folder, &files, narrowed)?.into_iter();
        Ok(questions.map(|(name, sql)| (name, if is_in_place { in_place(&sql, &bodies) } else { sql })).collect())
    };
    let (asked, whole, narrowed) = (render(false, false)?, render(false, true)?, render(true, true)?);
    let mut code = String::new();
    for (name, asked) in asked {
        let _ = writeln!(
            code,
            "/// `sql/reports/{name}.sql`.\npub(crate) const {}: Question = Question {{\n    asked: {asked:?},\n    whole: {:?},\n    narrowed: {:?},\n}};",
            name.to_uppercase(),
            whole[&name],
            narrowed[&name],
        );
    }
    Ok(code)
}

/// The views: name of the file without its end, and statement. The database is not known here: what stands for it stays as it is.
fn views(folder: &Path, narrowed: bool) -> io::Result<Vec<(String, String)>> {
    rendered(folder, &sql_files(folder)?, narrowed)
}

/// Renders the templates of a folder, those of its parts aside: name of the file without its end, and text.
fn rendered(folder: &Path, files: &[String], narrowed: bool) -> io::Result<Vec<(String, String)>> {
    let mut templates = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    templates.set_syntax(syntax.map_err(io::Error::other)?);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.add_function("only", move |table: String, columns: Rest<String>| {
        let term = |column: &String| match column.as_str() {
            // Enums, of which not every text is a value.
            "device" | "nav" => {
                format!(" AND ({{{column}:String}} = '' OR toString({table}.{column}) = {{{column}:String}})")
            }
            _ => format!(" AND ({{{column}:String}} = '' OR {table}.{column} = {{{column}:String}})"),
        };
        if narrowed { columns.iter().map(term).collect() } else { String::new() }
    });
    templates.add_function("whole", move |columns: Rest<String>| {
        let term = |column: &String| format!(" AND {{{column}:String}} = ''");
        if narrowed { columns.iter().map(term).collect() } else { String::new() }
    });
    templates
        .add_function("recent", move || if narrowed { format!(" AND toDate(ts) >= {SINCE}") } else { String::new() });
    templates.add_function("since", move || if narrowed { SINCE } else { "{from_day:Date}" });
    for file in files {
        let text = fs::read_to_string(folder.join(file))?;
        templates.add_template_owned(file.clone(), text).map_err(|error| io::Error::other(format!("{error:#}")))?;
    }
    let statements = files.iter().filter(|file| !file.contains('/'));
    statements
        .map(|file| {
            let text = templates.get_template(file);
            let text = text.and_then(|text| text.render(context! { database => "{{database}}", narrowed => narrowed }));
            let text = text.map_err(|error| io::Error::other(format!("{}: {error:#}", folder.join(file).display())))?;
            Ok((file.trim_end_matches(".sql").to_owned(), text))
        })
        .collect()
}

/// A view's name and SELECT.
fn body(view: &str) -> Option<(&str, &str)> {
    view.split_once("CREATE OR REPLACE VIEW ")?.1.split_once(" AS\n")
}

/// `sql` with every `view(parameter = value, ...)` replaced by the view's SELECT, the values in the places of its parameters.
fn in_place(sql: &str, views: &BTreeMap<&str, &str>) -> String {
    let mut made = String::new();
    let mut rest = sql;
    while let Some(call) = next_call(rest, views) {
        let mut select = call.select.trim().to_owned();
        for (parameter, value) in &call.arguments {
            select = with_value(&select, parameter, value);
        }
        let _ = write!(made, "{}(\n{}\n)", &rest[..call.begin], in_place(&select, views));
        rest = &rest[call.end..];
        // Its columns may be named with its own name.
        if !rest.trim_start().starts_with("AS ") {
            let _ = write!(made, " AS {}", call.name);
        }
    }
    made + rest
}

struct Call<'a> {
    begin: usize,
    end: usize,
    name: &'a str,
    select: &'a str,
    arguments: Vec<(&'a str, &'a str)>,
}

/// The first call of a view. In comments there are only examples, which name the database.
fn next_call<'a>(sql: &'a str, views: &BTreeMap<&str, &'a str>) -> Option<Call<'a>> {
    sql.match_indices('(').find_map(|(open, _)| {
        let before = &sql[..open];
        let name =
            &before[before.rfind(|byte: char| !byte.is_ascii_alphanumeric() && byte != '_').map_or(0, |at| at + 1)..];
        let select = views.get(name)?;
        let begin = open - name.len();
        let begin = if sql[..begin].ends_with(DATABASE) { begin - DATABASE.len() } else { begin };
        let is_example = sql[..begin].ends_with('.');
        let (length, arguments) = arguments(&sql[open + 1..])?;
        let arguments = arguments.into_iter().map(|argument| argument.trim().split_once(" = "));
        let arguments: Vec<(&str, &str)> = arguments.collect::<Option<_>>()?;
        (!is_example).then_some(Call { begin, end: open + 1 + length + 1, name, select, arguments })
    })
}

/// How long the arguments of a call are, up to the parenthesis that closes it, and what stands between their commas. A value may be a call itself; texts
/// with a parenthesis or a comma in them are not expected.
fn arguments(text: &str) -> Option<(usize, Vec<&str>)> {
    let (mut depth, mut start, mut found) = (0_u32, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            b',' if depth > 0 => {}
            b',' => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            b')' => {
                found.push(&text[start..at]);
                return Some((at, found));
            }
            _ => {}
        }
    }
    None
}

/// `{parameter:Type}` becomes `value`, in parentheses where that is no single name or literal.
fn with_value(select: &str, parameter: &str, value: &str) -> String {
    let value = if value.contains('(') { format!("({value})") } else { value.to_owned() };
    let start = format!("{{{parameter}:");
    let mut made = String::new();
    let mut rest = select;
    while let Some((before, after)) = rest.split_once(&start) {
        made.push_str(before);
        made.push_str(&value);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    made + rest
}
