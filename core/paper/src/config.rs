//! What a paper venue is made from.

use model::{Amount, Round, Span, SymbolSpec, Text};

/// Settings of the paper venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaperConfig {
    /// Accounts, 1 to [`AccountId::MAX`](model::AccountId::MAX).
    pub accounts: u8,
    /// Requests of one account that may be under way at once, as connections for orders would.
    pub connections: u8,
    /// Every latency follows from it and from the order of calls.
    pub seed: u64,
    /// Random per data directory, 24 bits: part of every id that is given out.
    pub instance: u32,
    /// Start of the data directory, 24 bits: part of every id too.
    pub epoch: u32,
    /// How long things take.
    pub latency: Latency,
    /// What a deal costs.
    pub fees: Fees,
    /// What each account had before its first deal.
    pub purse: Amount,
    /// Of this asset.
    pub purse_asset: Text<16>,
}

/// How long things take; each draw lies evenly between the least and the least plus the spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// From the last byte of an order, cancel or question to its reply, at least.
    pub order: Span,
    /// At most this much more.
    pub order_spread: Span,
    /// From a reply, or a fill of a resting order, to the private stream's word of it, at least.
    pub stream: Span,
    /// At most this much more.
    pub stream_spread: Span,
}

/// What a deal costs. A pair whose own fees are higher costs those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Of a resting order, in millionths of the value.
    pub maker_ppm: u32,
    /// Of a crossing order, in millionths of the value.
    pub taker_ppm: u32,
    /// What it is paid in.
    pub asset: FeeAsset,
}

/// What a fee is paid in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FeeAsset {
    /// What the deal brought: the coin of a buy, the quote of a sale.
    #[default]
    Received,
    /// The quote of either.
    Quote,
}

impl Fees {
    pub(crate) fn rate(&self, spec: &SymbolSpec, maker: bool) -> u32 {
        if maker {
            self.maker_ppm.max(spec.maker_fee_ppm)
        } else {
            self.taker_ppm.max(spec.taker_fee_ppm)
        }
    }

    /// What a buy must hold beside its cost so that no deal of it can lack the fee.
    pub(crate) fn reserve(&self, spec: &SymbolSpec, cost: Amount) -> Amount {
        match self.asset {
            FeeAsset::Received => Amount::ZERO,
            FeeAsset::Quote => {
                let rate = self.rate(spec, true).max(self.rate(spec, false));
                // A millionth more covers the rounding of every deal.
                let fee = cost.parts_per_million(rate.saturating_add(1), Round::Up);
                fee.unwrap_or(Amount::MAX)
            }
        }
    }
}
