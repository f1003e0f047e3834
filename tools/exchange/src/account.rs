//! Keys, listen keys, and the budgets of requests.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use model::{Span, VenueTime};
use sha2::Sha256;

use crate::config::{ConfigError, KeyConfig, Permission, Rules};
use crate::error::ApiError;

/// Signatures that are remembered at most.
const SIGNATURES_MAX: usize = 4_096;
/// Addresses and accounts whose budgets are remembered.
const BUDGETS_MAX: usize = 4_096;

/// An API key, with the keyed hash ready.
#[derive(Clone)]
pub(crate) struct ApiKey {
    pub(crate) account: usize,
    pub(crate) config: KeyConfig,
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("account", &self.account).finish_non_exhaustive()
    }
}

impl ApiKey {
    pub(crate) fn new(account: usize, config: &KeyConfig) -> Result<Self, ConfigError> {
        let keyed =
            Hmac::new_from_slice(config.secret.as_bytes()).map_err(|_| ConfigError::Value {
                key: "key secret".to_owned(),
                value: String::new(),
                needed: "a secret",
            })?;
        Ok(Self { account, config: config.clone(), keyed })
    }

    /// Whether `signature` is the lower-case hexadecimal HMAC of `parts` joined without a
    /// separator.
    pub(crate) fn signed(&self, parts: &[&str], signature: &str) -> bool {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(part.as_bytes());
        }
        let mut hex = [0_u8; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(mac.finalize().into_bytes()) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        signature.as_bytes() == hex
    }

    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.config.permissions.contains(&permission)
    }

    /// Whether the key may be used from there.
    pub(crate) fn is_bound_to(&self, peer: IpAddr) -> bool {
        let bound = self.config.addresses.as_ref();
        bound.is_none_or(|all| all.iter().any(|address| *address == peer.to_canonical()))
    }

    pub(crate) fn trades(&self, symbol: &str) -> bool {
        self.config.symbols.as_ref().is_none_or(|all| all.iter().any(|name| name == symbol))
    }
}

/// A listen key and when it dies.
#[derive(Clone, Debug)]
pub(crate) struct ListenKey {
    pub(crate) key: String,
    pub(crate) account: usize,
    pub(crate) dies: VenueTime,
}

/// Who pays for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Payer {
    Address(IpAddr),
    Account(usize),
}

/// Requests seen, against what the rules grant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budgets {
    /// Order requests of the last second, by account.
    orders: BTreeMap<usize, VecDeque<VenueTime>>,
    /// Batches of the last second, by account.
    batches: BTreeMap<usize, VecDeque<VenueTime>>,
    /// Signatures of the last window, oldest first.
    signatures: VecDeque<(VenueTime, Box<str>)>,
    /// Start of the window of ten seconds and weight used, by payer and endpoint.
    weights: BTreeMap<(Payer, &'static str), (VenueTime, u32)>,
    /// Replies 429 within a window, by address; and until when it is banned.
    strikes: BTreeMap<IpAddr, (VenueTime, u32)>,
    bans: BTreeMap<IpAddr, VenueTime>,
    /// Streams that were closed for a flood of messages, by address: the last one.
    floods: BTreeMap<IpAddr, VenueTime>,
}

impl Budgets {
    /// Refuses an address under a ban.
    pub(crate) fn admit(&mut self, now: VenueTime, peer: IpAddr) -> Result<(), ApiError> {
        let Some(&until) = self.bans.get(&peer) else { return Ok(()) };
        if now < until {
            return Err(ApiError::banned(until.since(now).millis().div_ceil(1_000)));
        }
        self.bans.remove(&peer);
        Ok(())
    }

    /// Charges an order request to its account's second.
    pub(crate) fn order(
        &mut self,
        now: VenueTime,
        account: usize,
        rules: &Rules,
    ) -> Result<(), ApiError> {
        charge(&mut self.orders, now, account, rules.orders_per_s)
    }

    /// Charges a batch to its account's second: as a batch and as an order request.
    pub(crate) fn batch(
        &mut self,
        now: VenueTime,
        account: usize,
        rules: &Rules,
    ) -> Result<(), ApiError> {
        charge(&mut self.batches, now, account, rules.batches_per_s)?;
        charge(&mut self.orders, now, account, rules.orders_per_s)
    }

    /// Whether a signature comes for the first time within `window`.
    pub(crate) fn first_seen(&mut self, now: VenueTime, signature: &str, window: Span) -> bool {
        let seen = &mut self.signatures;
        let old = |(at, _): &(VenueTime, Box<str>)| now.since(*at) > window;
        while seen.len() >= SIGNATURES_MAX || seen.front().is_some_and(old) {
            seen.pop_front();
        }
        let fresh = !seen.iter().any(|(_, known)| **known == *signature);
        if fresh {
            seen.push_back((now, signature.into()));
        }
        fresh
    }

    /// Charges `weight` of one endpoint to its payer's ten seconds.
    pub(crate) fn weight(
        &mut self,
        now: VenueTime,
        payer: Payer,
        endpoint: &'static str,
        weight: u32,
        rules: &Rules,
    ) -> Result<(), ApiError> {
        if self.weights.len() >= BUDGETS_MAX {
            self.weights.retain(|_, (start, _)| now.since(*start) < WINDOW);
        }
        let (start, used) = self.weights.entry((payer, endpoint)).or_insert((now, 0));
        if now.since(*start) >= WINDOW {
            (*start, *used) = (now, 0);
        }
        if *used + weight > rules.weight_per_10s {
            let rest = WINDOW.minus(now.since(*start)).millis().div_ceil(1_000);
            return Err(ApiError::too_many(rest.max(1)));
        }
        *used += weight;
        Ok(())
    }

    /// Counts a 429; too many within ten seconds are a ban.
    pub(crate) fn strike(&mut self, now: VenueTime, peer: IpAddr, rules: &Rules) {
        if self.strikes.len() >= BUDGETS_MAX {
            self.strikes.retain(|_, (start, _)| now.since(*start) < WINDOW);
        }
        let (start, count) = self.strikes.entry(peer).or_insert((now, 0));
        if now.since(*start) >= WINDOW {
            (*start, *count) = (now, 0);
        }
        *count += 1;
        if *count > rules.ban_after {
            self.strikes.remove(&peer);
            self.ban(now, peer, rules);
        }
    }

    /// Counts a stream closed for a flood of messages; a second one within ten minutes is a ban.
    pub(crate) fn flood(&mut self, now: VenueTime, peer: IpAddr, rules: &Rules) {
        if self.floods.len() >= BUDGETS_MAX {
            self.floods.retain(|_, last| now.since(*last) < FLOOD_WINDOW);
        }
        let last = self.floods.insert(peer, now);
        if last.is_some_and(|last| now.since(last) < FLOOD_WINDOW) {
            self.ban(now, peer, rules);
        }
    }

    fn ban(&mut self, now: VenueTime, peer: IpAddr, rules: &Rules) {
        if self.bans.len() < BUDGETS_MAX {
            self.bans.insert(peer, now.after(Span::from_secs(rules.ban_s)));
        }
    }
}

/// Charges one request to its account's sliding second of `most`.
fn charge(
    all: &mut BTreeMap<usize, VecDeque<VenueTime>>,
    now: VenueTime,
    account: usize,
    most: u32,
) -> Result<(), ApiError> {
    let sent = all.entry(account).or_default();
    while sent.front().is_some_and(|at| now.since(*at) >= SECOND) {
        sent.pop_front();
    }
    if sent.len() >= most as usize {
        return Err(ApiError::too_many(1));
    }
    sent.push_back(now);
    Ok(())
}

const SECOND: Span = Span::from_secs(1);
const WINDOW: Span = Span::from_secs(10);
const FLOOD_WINDOW: Span = Span::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_signatures_are_accepted_and_upper_case_is_not() {
        let text = include_str!("../../../tests/vectors/mexc/signing_vectors.json");
        let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
        let vectors = vectors.as_array().unwrap();
        assert!(vectors.len() >= 5);
        for vector in vectors {
            let field = |name: &str| vector[name].as_str().unwrap_or_default();
            let key = ApiKey::new(0, &KeyConfig::new("k", field("secret"))).unwrap();
            // The futures login has a payload only.
            let parts = match vector.get("query") {
                Some(_) => [field("query"), field("body")],
                None => [field("payload"), ""],
            };
            assert!(key.signed(&parts, field("signature")), "{}", field("name"));
            assert!(!key.signed(&parts, &field("signature").to_uppercase()));
        }
    }

    #[test]
    fn the_thirteenth_order_of_a_second_waits_for_the_first_to_age() {
        let (mut budgets, rules) = (Budgets::default(), Rules::default());
        for ms in 0..12 {
            assert_eq!(budgets.order(VenueTime::from_millis(1_000 + ms), 0, &rules), Ok(()));
        }
        let late = budgets.order(VenueTime::from_millis(1_999), 0, &rules).unwrap_err();
        assert_eq!((late.http, late.retry_after_s), (429, Some(1)));
        assert_eq!(budgets.order(VenueTime::from_millis(1_999), 1, &rules), Ok(()));
        assert_eq!(budgets.order(VenueTime::from_millis(2_000), 0, &rules), Ok(()));
    }

    #[test]
    fn each_endpoint_has_its_own_weight_and_too_many_429_are_a_ban() {
        let (mut budgets, mut rules) = (Budgets::default(), Rules::default());
        rules.ban_after = 2;
        let peer = IpAddr::from([127, 0, 0, 1]);
        let now = VenueTime::from_millis(5_000);
        for _ in 0..20 {
            budgets.weight(now, Payer::Address(peer), "exchangeInfo", 25, &rules).unwrap();
        }
        let over = budgets.weight(now, Payer::Address(peer), "exchangeInfo", 25, &rules);
        assert_eq!(over.unwrap_err().retry_after_s, Some(10));
        budgets.weight(now, Payer::Address(peer), "depth", 3, &rules).unwrap();
        for _ in 0..3 {
            assert_eq!(budgets.admit(now, peer), Ok(()));
            budgets.strike(now, peer, &rules);
        }
        let banned = budgets.admit(now, peer).unwrap_err();
        assert_eq!((banned.http, banned.retry_after_s), (418, Some(120)));
        assert_eq!(budgets.admit(now.after(Span::from_secs(120)), peer), Ok(()));
    }
}
