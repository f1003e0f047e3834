//! The text of an acknowledgement. Its code is 0 even for refusals, so only the text tells, and
//! only the names in it say which channels it is about.

/// What an acknowledgement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack<'a> {
    /// The answer to a ping.
    Pong,
    /// Empty: what was asked for is subscribed already.
    Already,
    /// Names, each accepted or refused: see [`Ack::for_each`].
    Topics(&'a str),
}

impl<'a> Ack<'a> {
    /// Reads the `msg` of an acknowledgement.
    pub fn read(msg: &'a str) -> Self {
        match msg.trim() {
            "PONG" => Self::Pong,
            "" => Self::Already,
            text => Self::Topics(text),
        }
    }

    /// Tells each name and whether it was accepted.
    ///
    /// A success echoes the names joined by commas. A refusal in part or whole has lists in
    /// brackets behind `Subscribed successful!` and `Not Subscribed successfully!`. Any other
    /// text gives names that nobody knows.
    pub fn for_each(self, mut tell: impl FnMut(&'a str, bool)) {
        let Self::Topics(text) = self else { return };
        if !text.contains('[') {
            names(text).for_each(|name| tell(name, true));
            return;
        }
        let mut rest = text;
        while let Some((before, list)) = rest.split_once('[') {
            let (list, after) = list.split_once(']').unwrap_or((list, ""));
            let accepted = !before.contains("Not ");
            names(list).for_each(|name| tell(name, accepted));
            rest = after;
        }
    }
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of `ws_spot_control.json`, all but the last recorded live.
    #[test]
    fn every_recorded_text_is_read() {
        let cases: &[(&str, &[(&str, bool)])] = &[
            (
                "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT",
                &[("spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT", true)],
            ),
            (
                "Subscribed successful! [spot@public.deals.v3.api@SOLUSDT,\
                 spot@public.deals.v3.api@SOLUSDC]. Not Subscribed successfully! \
                 [spot@public.deals.v3.api@USDTUSDC].  Reason： Blocked! ",
                &[
                    ("spot@public.deals.v3.api@SOLUSDT", true),
                    ("spot@public.deals.v3.api@SOLUSDC", true),
                    ("spot@public.deals.v3.api@USDTUSDC", false),
                ],
            ),
            (
                "Not Subscribed successfully! [spot@public.deals.v3.api@BTCUSDT].  \
                 Reason： Blocked! ",
                &[("spot@public.deals.v3.api@BTCUSDT", false)],
            ),
            ("a,b", &[("a", true), ("b", true)]),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), *expected, "{text}");
        }
        assert_eq!(Ack::read("PONG"), Ack::Pong);
        assert_eq!(Ack::read(""), Ack::Already);
        assert_eq!(told("PONG"), []);
    }

    #[test]
    fn a_torn_text_refuses_what_it_may_have_refused() {
        assert_eq!(told("Not Subscribed successfully! [a,b"), [("a", false), ("b", false)]);
        assert_eq!(told("]["), []);
        assert_eq!(told("[[[,]]]"), [("[[", true)]);
    }

    fn told(text: &str) -> Vec<(&str, bool)> {
        let mut names = Vec::new();
        Ack::read(text).for_each(|name, accepted| names.push((name, accepted)));
        names
    }
}
