//! Channel names of the stream.

/// What a channel carries. The name decides which handler reads a frame, not the body's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Deals of 10 or 100 ms.
    AggreDeals,
    /// Changed levels of 10 or 100 ms.
    AggreDepth,
    /// Best bid and ask of 10 or 100 ms.
    AggreBookTicker,
    /// Complete top of the book.
    LimitDepth,
    /// Best bid and ask, in batches.
    BookTickerBatch,
    /// Best bid and ask; the venue refuses this channel.
    BookTicker,
    /// Deals; the venue refuses this channel.
    Deals,
    /// Changed levels in batches, without a first version.
    IncreaseDepthBatch,
    /// Changed levels, without a first version; the venue refuses this channel.
    IncreaseDepth,
    /// Candles.
    Kline,
    /// Day statistics of all pairs.
    MiniTickers,
    /// Day statistics of a pair.
    MiniTicker,
    /// Our orders.
    PrivateOrders,
    /// Our deals.
    PrivateDeals,
    /// Our balances.
    PrivateAccount,
}

impl Channel {
    /// Every channel, the frequent ones first: the order in which a name is compared.
    const ALL: [Self; 15] = [
        Self::AggreBookTicker,
        Self::AggreDepth,
        Self::AggreDeals,
        Self::PrivateOrders,
        Self::PrivateDeals,
        Self::PrivateAccount,
        Self::LimitDepth,
        Self::BookTickerBatch,
        Self::BookTicker,
        Self::Deals,
        Self::IncreaseDepthBatch,
        Self::IncreaseDepth,
        Self::Kline,
        Self::MiniTickers,
        Self::MiniTicker,
    ];

    /// The name without speed, symbol and interval.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AggreDeals => "spot@public.aggre.deals.v3.api.pb",
            Self::AggreDepth => "spot@public.aggre.depth.v3.api.pb",
            Self::AggreBookTicker => "spot@public.aggre.bookTicker.v3.api.pb",
            Self::LimitDepth => "spot@public.limit.depth.v3.api.pb",
            Self::BookTickerBatch => "spot@public.bookTicker.batch.v3.api.pb",
            Self::BookTicker => "spot@public.bookTicker.v3.api.pb",
            Self::Deals => "spot@public.deals.v3.api.pb",
            Self::IncreaseDepthBatch => "spot@public.increase.depth.batch.v3.api.pb",
            Self::IncreaseDepth => "spot@public.increase.depth.v3.api.pb",
            Self::Kline => "spot@public.kline.v3.api.pb",
            Self::MiniTickers => "spot@public.miniTickers.v3.api.pb",
            Self::MiniTicker => "spot@public.miniTicker.v3.api.pb",
            Self::PrivateOrders => "spot@private.orders.v3.api.pb",
            Self::PrivateDeals => "spot@private.deals.v3.api.pb",
            Self::PrivateAccount => "spot@private.account.v3.api.pb",
        }
    }

    /// Reads a name as it was subscribed, with speed, symbol and interval.
    pub fn of(name: &[u8]) -> Option<Self> {
        // Where a name would end is the cheapest thing to look at: most have another length.
        Self::ALL.into_iter().find(|channel| {
            let own = channel.name().as_bytes();
            matches!(name.get(own.len()), None | Some(b'@')) && name.starts_with(own)
        })
    }

    /// Whether a body under this field number belongs on the channel. The book ticker's was seen
    /// to drift between 305 and 315.
    pub const fn carries(self, body: u32) -> bool {
        match self {
            Self::Deals => body == 301,
            Self::IncreaseDepth => body == 302,
            Self::LimitDepth => body == 303,
            Self::PrivateOrders => body == 304,
            Self::AggreBookTicker | Self::BookTicker => matches!(body, 305 | 315),
            Self::PrivateDeals => body == 306,
            Self::PrivateAccount => body == 307,
            Self::Kline => body == 308,
            Self::MiniTicker => body == 309,
            Self::MiniTickers => body == 310,
            Self::BookTickerBatch => body == 311,
            Self::IncreaseDepthBatch => body == 312,
            Self::AggreDepth => body == 313,
            Self::AggreDeals => body == 314,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_is_known_by_its_name_and_by_no_other() {
        let of = |name: &str| Channel::of(name.as_bytes());
        for channel in Channel::ALL {
            assert_eq!(Channel::of(channel.name().as_bytes()), Some(channel));
            assert_eq!(of(&format!("{}@10ms@NEWUSDT", channel.name())), Some(channel));
            assert_eq!(of(&format!("{}x", channel.name())), None);
        }
        assert_eq!(of("spot@public.deals.v3.api@BTCUSDT"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn each_body_has_exactly_one_channel_but_the_drifting_book_ticker() {
        for body in 300..=316 {
            let count = Channel::ALL.iter().filter(|channel| channel.carries(body)).count();
            let expected = match body {
                305 | 315 => 2,
                301..=315 => 1,
                _ => 0,
            };
            assert_eq!(count, expected, "body {body}");
        }
    }
}
