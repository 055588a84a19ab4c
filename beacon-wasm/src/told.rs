//! For the tests: what `js/fields.js` tells, written as `js/fields.js` writes it.

use crate::fields::Fields;

/// A node of the list.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Nothing,
    Number(f64),
    Text(String),
    List(Vec<Told>),
    /// The list itself, which has no node of its own.
    Top {
        numbers: Vec<f64>,
        text: String,
    },
}

impl From<f64> for Told {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Told {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Told {
    pub(crate) fn top(list: &[Told]) -> Self {
        let (mut numbers, mut text) = (Vec::new(), String::new());
        for told in list {
            told.put(&mut numbers, &mut text);
        }
        Self::Top { numbers, text }
    }

    fn put(&self, numbers: &mut Vec<f64>, text: &mut String) {
        match self {
            Self::Nothing | Self::Top { .. } => numbers.push(f64::NAN),
            Self::Number(number) => numbers.push(*number),
            Self::Text(line) => {
                numbers.push(1.0);
                text.push_str(line);
                text.push('\n');
            }
            Self::List(members) => {
                numbers.push(members.len() as f64);
                for told in members {
                    told.put(numbers, text);
                }
            }
        }
    }

    pub(crate) fn fields(&self) -> Fields<'_> {
        match self {
            Self::Top { numbers, text } => Fields::new(numbers, text.as_bytes()),
            _ => Fields::new(&[], b""),
        }
    }
}
