//! The values of a plug-in's parameters: its manifest's defaults, and what the configuration says.

use std::fmt;

use host::{Manifest, ValueError};

/// Why the configuration's parameters are not those of a plug-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValuesError {
    /// The plug-in has none of that name.
    Unknown {
        /// The plug-in.
        plugin: String,
        /// The name.
        name: String,
        /// Those it has.
        known: Vec<String>,
    },
    /// It does not take the value.
    Value {
        /// The plug-in.
        plugin: String,
        /// Which, and why not.
        error: ValueError,
    },
}

impl fmt::Display for ValuesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { plugin, name, known } if known.is_empty() => {
                write!(f, "{plugin} has no parameter, and {name:?} is set")
            }
            Self::Unknown { plugin, name, known } => {
                write!(f, "{plugin} has no parameter {name:?}; it has {}", known.join(", "))
            }
            Self::Value { plugin, error } => write!(f, "{plugin}: {error}"),
        }
    }
}

impl std::error::Error for ValuesError {}

/// Every parameter's value, in the manifest's order. `strict` refuses a name that the manifest does
/// not have; a swap lets such names go, since they were written for the plug-in before.
///
/// # Errors
/// [`ValuesError`].
pub fn values(
    manifest: &Manifest,
    said: &[(String, String)],
    strict: bool,
) -> Result<Vec<i64>, ValuesError> {
    let mut values: Vec<i64> = manifest.parameters.iter().map(|known| known.default).collect();
    for (name, text) in said {
        let plugin = || manifest.name.clone();
        match manifest.parameters.iter().position(|known| known.name == *name) {
            Some(at) => {
                let read = manifest.parameters[at].read(text);
                values[at] =
                    read.map_err(|error| ValuesError::Value { plugin: plugin(), error })?;
            }
            None if strict => {
                let known = manifest.parameters.iter().map(|known| known.name.clone()).collect();
                let name = name.clone();
                return Err(ValuesError::Unknown { plugin: plugin(), name, known });
            }
            None => {}
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shipped;

    #[test]
    fn what_is_not_said_is_the_manifests_default() {
        let manifest = Shipped::find("momentum").unwrap().manifest();
        let first = &manifest.parameters[0];
        let said = [(first.name.clone(), first.show(first.max))];
        let values = values(&manifest, &said, true).unwrap();
        assert_eq!(values.len(), manifest.parameters.len());
        assert_eq!((values[0], values[1]), (first.max, manifest.parameters[1].default));
    }

    #[test]
    fn a_name_that_it_does_not_have_is_refused_at_a_start_and_let_go_at_a_swap() {
        let manifest = Shipped::find("hello").unwrap().manifest();
        let said = [("no_such".to_owned(), "1".to_owned())];
        let error = values(&manifest, &said, true).unwrap_err();
        assert!(error.to_string().contains("no_such"), "{error}");
        assert!(values(&manifest, &said, false).is_ok());
    }
}
