//! The configuration as the rooms of `core` and the plug-ins want it.

use engine::{AccountConfig, Config, Emergency, Patterns, Plans, RateConfig, Thresholds, Timing};
use model::{EntryPlan, FixedList, Slot, Span, Text};
use risk::Collar;

use crate::Settings;

/// Who runs the engine, and which start of which data directory this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Random per data directory, 24 bits.
    pub instance: u32,
    /// Starts of the data directory, 24 bits.
    pub epoch: u32,
    /// Who runs it.
    pub operator: Text<32>,
    /// The plug-ins of this start.
    pub hashes: Hashes,
}

/// Hashes of plug-ins by their slots, as permits name them; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hashes {
    /// What the configuration puts there.
    pub configured: FixedList<u128, { Slot::MAX }>,
    /// What the run begins with: another one while an exchange outlives its process.
    pub running: FixedList<u128, { Slot::MAX }>,
    /// First half of the sandbox's fingerprint: version, flags and prices of fuel; 0 where nothing
    /// runs in one.
    pub sandbox: u128,
}

impl Identity {
    /// Ids that one start may give out: permits and targets of later starts lie above them.
    const IDS: u32 = 1 << 16;

    /// The first id of this start: 65,535 starts of a data directory with 65,536 ids each.
    fn ids_from(&self) -> u32 {
        self.epoch.saturating_mul(Self::IDS).max(1)
    }
}

/// Oldest clock sample with which entries are allowed. Samples come every second.
const CLOCK_AGE_MAX: Span = Span::from_secs(10);

impl Settings {
    /// The engine's settings.
    pub fn engine(&self, identity: Identity) -> Config {
        let mut accounts = FixedList::new();
        for account in &self.accounts {
            // The configuration holds 1 to 8 of them, checked.
            let _ = accounts.push(self.account(account));
        }
        let patterns = self.targets.patterns.iter();
        Config {
            mode: self.mode,
            instance: identity.instance,
            epoch: identity.epoch,
            ids_from: identity.ids_from(),
            plugins: identity.hashes.configured,
            config: self.hash_short(),
            operator: identity.operator,
            accounts,
            thresholds: Thresholds {
                record: self.targets.record,
                target: self.targets.target,
                execute: self.targets.execute,
            },
            patterns: patterns.fold(Patterns::default(), |set, one| set.with(*one)),
            timing: self.timing(),
            emergency: Emergency {
                first_bps: self.exit.emergency_first_bps,
                second_bps: self.exit.emergency_second_bps,
                market_allowed: self.exit.emergency_market,
            },
            plans: Plans { entry: self.entry_plan(), exit: self.exit.plan },
        }
    }

    /// The way in of a target at the base size.
    fn entry_plan(&self) -> EntryPlan {
        EntryPlan {
            triggers: self.entry.triggers,
            kind: self.entry.kind,
            notional: self.targets.base_size,
            reference: self.entry.reference,
            operator_price: None,
            premium_bps: self.entry.premium_bps,
            early: self.entry.early,
            late: self.entry.late,
            orders_max: self.entry.orders_max,
        }
    }

    /// The venue of paper mode; `None` in every other mode.
    pub fn paper_venue(&self, identity: Identity) -> Option<paper::PaperConfig> {
        let Identity { instance, epoch, .. } = identity;
        (self.mode == model::Mode::Paper).then(|| paper::PaperConfig {
            accounts: self.accounts.len() as u8,
            connections: self.loop_.order_links,
            seed: u64::from(instance) << 24 | u64::from(epoch),
            instance,
            epoch,
            latency: self.paper.latency,
            fees: self.paper.fees,
            purse: self.paper.purse,
            purse_asset: self.paper.purse_asset,
        })
    }

    /// The operator's standing plan, as every plug-in is told it.
    pub fn standing(&self) -> host::Standing {
        host::Standing {
            accounts: self.accounts.len() as u8,
            target: self.targets.target,
            execute: self.targets.execute,
            size_min_bps: self.targets.size_min_bps,
            size_max_bps: self.targets.size_max_bps,
            entry: self.entry_plan(),
            exit: self.exit.plan,
        }
    }

    fn account(&self, account: &crate::Account) -> AccountConfig {
        let limits = &self.limits;
        AccountConfig {
            // The schema takes no longer name.
            name: Text::clipped(&account.name),
            limits: risk::Limits {
                order_notional_max: limits.order_max_notional,
                order_qty_max: limits.order_max_qty,
                book_share_bps_max: limits.order_max_book_share_bps,
                clip_allowed: limits.order_allow_clip,
                collar_listing: Collar { bps: limits.collar_listing_bps },
                collar_established: Collar { bps: limits.collar_established_bps },
                drift_bps_max: limits.collar_drift_bps,
                drift_window: limits.collar_window,
                filters_age_max: limits.filters_max_age,
                exposure_symbol_max: limits.exposure_symbol,
                exposure_quote_max: limits.exposure_quote,
                exposure_total_max: limits.exposure_total.min(account.budget),
                orders_live_max: u32::from(limits.orders_max_live),
                orders_live_symbol_max: u32::from(limits.orders_max_live_symbol),
                targets_active_max: u32::from(limits.targets_max_active),
                positions_max: u32::from(limits.positions_max),
                daily_buy_max: limits.daily_max_buy,
            },
            rate: RateConfig {
                per_window: limits.rate_orders_per_s,
                window: Span::from_secs(1),
                reserve_cancels: limits.rate_reserve_cancels,
                reserve_exits: limits.rate_reserve_exits,
            },
        }
    }

    /// Waits that no trader needs to set stand here with their reason.
    fn timing(&self) -> Timing {
        Timing {
            // The demo's asks stand 5 s before an opening; a real one may show them earlier.
            reference_from: Span::from_secs(10),
            reference_every: Span::from_millis(500),
            recv_window_ms: self.entry.recv_window_ms,
            // The venue's streams lag their REST replies by up to a second (MEXC, observed).
            settle: Span::from_secs(2),
            probe: Span::from_millis(50),
            // A24: each source says no again after this long, because the venue's lists lag.
            unknown_settle: Span::from_secs(10),
            unknown_alarm: Span::from_secs(60),
            // The venue takes a timestamp up to 1,000 ms ahead of its clock.
            timestamp_lead: Span::from_millis(1_000),
            entry_ttl: Span::from_secs(2),
            cancel_ack: Span::from_secs(1),
            rung: self.exit.rung,
            stop_confirm: Span::from_millis(100),
            clock_error_max: self.limits.clock_max_error,
            clock_age_max: CLOCK_AGE_MAX,
            slow_retry: Span::from_millis(250),
        }
    }
}
