//! The words after the verb.

use crate::Failure;

/// Words not yet taken. What is left at the end was not understood.
#[derive(Debug)]
pub(crate) struct Args(Vec<String>);

impl Args {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// Takes `name` out; whether it stood there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() != before
    }

    /// Takes `name VALUE` or `name=VALUE` out.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>, Failure> {
        let joined = format!("{name}=");
        let found = self.0.iter().position(|word| word == name || word.starts_with(&joined));
        let Some(at) = found else { return Ok(None) };
        let word = self.0.remove(at);
        if let Some(value) = word.strip_prefix(&joined) {
            return Ok(Some(value.into()));
        }
        if at < self.0.len() {
            return Ok(Some(self.0.remove(at)));
        }
        Err(Failure::Usage(format!("`{name}` needs a value.")))
    }

    /// Takes `name NUMBER` out.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, Failure> {
        let Some(text) = self.value(name)? else { return Ok(None) };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Failure::Usage(format!("`{name}` takes a whole number, not `{text}`."))),
        }
    }

    /// Takes the first word that is no option out.
    pub(crate) fn word(&mut self) -> Option<String> {
        let at = self.0.iter().position(|word| !word.starts_with('-'))?;
        Some(self.0.remove(at))
    }

    /// # Errors
    /// Names the first word that nobody took.
    pub(crate) fn end(&self) -> Result<(), Failure> {
        match self.0.first() {
            None => Ok(()),
            Some(word) => Err(Failure::Usage(format!("`{word}` is not understood here."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(String::from).collect())
    }

    #[test]
    fn a_value_may_stand_after_a_space_or_an_equals_sign() {
        for line in ["--seed 7", "--seed=7"] {
            let mut args = args(line);
            assert_eq!(args.number("--seed").ok().flatten(), Some(7), "{line}");
            assert!(args.end().is_ok());
        }
    }

    #[test]
    fn a_word_is_what_is_no_option() {
        let mut args = args("--rule dip_buyer more");
        assert_eq!(args.word().as_deref(), Some("dip_buyer"));
        assert!(args.flag("--rule"));
        assert!(args.end().is_err());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(args("--sed 7").end().is_err());
        assert!(args("--seed").number("--seed").is_err());
        assert!(args("--seed x").number("--seed").is_err());
    }
}
