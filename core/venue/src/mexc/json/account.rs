//! The account: balances, listen keys, coins, self-trade prevention.

use model::VenueTime;

use super::record::{PlainDecimal, Read, records};
use super::{JsonError, Value};
use crate::mexc::codec::Sink;

records! {
    /// `account`.
    Account<'a> {
        /// Whether it may trade.
        can_trade: Option<bool> = "canTrade",
        /// Whether it may withdraw: a key of ours should not.
        can_withdraw: Option<bool> = "canWithdraw",
        /// Whether it may deposit.
        can_deposit: Option<bool> = "canDeposit",
        /// Null in all samples.
        update_time: Option<VenueTime> = "updateTime",
        /// `SPOT`.
        account_type: Option<&'a str> = "accountType",
        /// Balances; an asset that is not listed is zero.
        balances: Vec<AssetBalance<'a>> = "balances",
        /// Such as `SPOT`.
        permissions: Option<Vec<&'a str>> = "permissions",
    }

    /// A balance of `account`.
    AssetBalance<'a> {
        /// Of what.
        asset: &'a str = "asset",
        /// Not held by orders.
        free: PlainDecimal<'a> = "free",
        /// Held by orders.
        locked: PlainDecimal<'a> = "locked",
        /// What may be used, since 2026; `free` before.
        available: Option<PlainDecimal<'a>> = "available",
    }

    /// Answer of `userDataStream` to POST, PUT and DELETE.
    ListenKey<'a> {
        /// The key.
        listen_key: &'a str = "listenKey",
    }

    /// Answer of `userDataStream` to GET.
    ListenKeys<'a> {
        /// All keys of the account.
        listen_key: Vec<&'a str> = "listenKey",
        /// Keys allowed, since 2025-12.
        total: Option<i64> = "total",
        /// Keys left, since 2025-12.
        available: Option<i64> = "available",
    }

    /// Element of `capital/config/getall`.
    Coin<'a> {
        /// Ticker.
        coin: &'a str = "coin",
        /// Name.
        name: Option<&'a str> = "name" | "Name",
        /// Its chains.
        network_list: Vec<Network<'a>> = "networkList",
    }

    /// A chain of a coin. `network` and `netWork` are two fields.
    Network<'a> {
        /// Ticker.
        coin: Option<&'a str> = "coin",
        /// Name of the coin.
        name: Option<&'a str> = "name",
        /// Long name of the chain.
        network: Option<&'a str> = "network",
        /// Short name of the chain.
        net_work: Option<&'a str> = "netWork",
        /// Whether deposits are open.
        deposit_enable: Option<bool> = "depositEnable",
        /// Whether withdrawals are open.
        withdraw_enable: Option<bool> = "withdrawEnable",
        /// Confirmations of a deposit.
        min_confirm: Option<i64> = "minConfirm",
        /// Fee.
        withdraw_fee: Option<PlainDecimal<'a>> = "withdrawFee",
        /// Most.
        withdraw_max: Option<PlainDecimal<'a>> = "withdrawMax",
        /// Least.
        withdraw_min: Option<PlainDecimal<'a>> = "withdrawMin",
        /// Whether the chain shares its address with another.
        same_address: Option<bool> = "sameAddress",
        /// Token contract; may be empty.
        contract: Option<&'a str> = "contract",
    }

    /// Answer of `strategy/group` to POST.
    StpGroup<'a> {
        /// The group.
        data: StpGroupData<'a> = "data",
        /// 200 for success.
        code: i32 = "code",
        /// `success`.
        msg: Option<&'a str> = "msg",
        /// When.
        timestamp: Option<VenueTime> = "timestamp",
    }

    /// A group of self-trade prevention.
    StpGroupData<'a> {
        /// Its name.
        trade_group_name: &'a str = "tradeGroupName",
        /// Its id, a number in the sample and a text in the documentation.
        trade_group_id: &'a str = "tradeGroupId",
        /// Made.
        create_time: Option<VenueTime> = "createTime",
        /// Changed.
        update_time: Option<VenueTime> = "updateTime",
    }
}

impl<'a> AssetBalance<'a> {
    /// What may be used.
    pub fn usable(&self) -> PlainDecimal<'a> {
        self.available.unwrap_or(self.free)
    }
}

/// A refusal: HTTP status 400 and above, or a `code` that is not success inside a 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiError<'a> {
    /// The venue's code; may be negative.
    pub code: i32,
    /// Its words, under `msg` or `data`; empty when there are none.
    pub text: &'a str,
}

impl ApiError<'_> {
    /// Whether the code means success on one of the endpoints that always send one.
    pub const fn is_success(&self) -> bool {
        matches!(self.code, 0 | 200)
    }
}

impl<'a> Read<'a> for ApiError<'a> {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        if value.entries().is_none() {
            return Err(JsonError::Type { field, expected: "an object" });
        }
        let code = value.get("code");
        if code.is_null() {
            return Err(JsonError::Missing { field: "code" });
        }
        let text = [value.get("msg"), value.get("data")].into_iter().find_map(Value::text);
        Ok(Self { code: i32::read(code, "code")?, text: text.unwrap_or_default() })
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.object(name, self);
    }
}

impl crate::mexc::codec::Fields for ApiError<'_> {
    fn fields(&self, sink: &mut dyn Sink) {
        sink.small("code", self.code);
        sink.text("msg", self.text);
    }
}
