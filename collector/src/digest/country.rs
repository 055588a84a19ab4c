//! Countries' names in English, as Unicode's CLDR has them (Unicode-3.0).

/// A line for each: the ISO 3166-1 code, a space, the name.
const NAMES: &str = include_str!("countries.txt");

/// The name of a country; the code itself where there is none.
pub(super) fn name(code: &str) -> &str {
    let named = NAMES.lines().find_map(|line| line.strip_prefix(code)?.strip_prefix(' '));
    match code {
        "ZZ" => "Unknown country",
        _ => named.filter(|_| code.len() == 2).unwrap_or(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_names_and_codes_without_one_stand_for_themselves() {
        assert_eq!((name("BR"), name("CI"), name("XK")), ("Brazil", "Côte d’Ivoire", "Kosovo"));
        assert_eq!((name("ZZ"), name("QQ"), name(""), name("BR Bra")), ("Unknown country", "QQ", "", "BR Bra"));
        assert!(NAMES.lines().all(|line| line.len() > 5 && line.as_bytes()[2] == b' '));
    }
}
