//! Every question that consoles and commands ask, by name. Each finds its rows by an index: a test
//! asks SQLite for its plan.
//!
//! Lists that may be long are paged by `before`: rows with a smaller number, newest first. Times are
//! nanoseconds, `from` included, `to` not.

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Its name in logs.
    pub name: &'static str,
    /// What SQLite is asked.
    pub sql: &'static str,
}

macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub const $name: Query = Query { name: stringify!($name), sql: $sql };)*

        /// All of them.
        pub const ALL: &[Query] = &[$($name),*];
    };
}

/// Columns of a fill, as `shrike export fills` prints them.
macro_rules! fill_columns {
    () => {
        "seq, at, account, symbol, side, price, qty, value, quote, fee, fee_asset, maker, leg, \
         target, client_order_id, venue_order, trade, source"
    };
}

/// Columns of an order, as `shrike export orders` prints them.
macro_rules! order_columns {
    () => {
        "seq, placed_at, account, symbol, side, kind, leg, attempt, price, qty, filled, state, \
         code, message, target, permit, client_order_id, venue_order, epoch, sent_at, \
         answered_at, first_fill_at, cancel_asked_at, cancel_sent_at, ended_at"
    };
}

/// Columns of a position, as `shrike export positions` prints them.
macro_rules! position_columns {
    () => {
        "target, account, symbol, quote, opened_at, closed_at, closed, qty, bought, sold, paid, \
         received, realised, unvalued_fees, closing, by_hand, high, changed_at, changed_seq"
    };
}

macro_rules! target_columns {
    () => {
        "id, account, symbol, state, why, pattern, confidence, opens_at, permit, signal, error, \
         epoch, made_at, changed_at, over_at, entry, exit"
    };
}

queries! {
    /// `?1` target.
    TARGET = concat!("SELECT ", target_columns!(), " FROM targets WHERE id = ?1");
    /// `?1` account, `?2` state, `?3` before id, `?4` at most.
    TARGETS_BY_STATE = concat!("SELECT ", target_columns!(), " FROM targets \
        WHERE account = ?1 AND state = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4");
    /// `?1` symbol, `?2` before id, `?3` at most.
    TARGETS_BY_SYMBOL = concat!("SELECT ", target_columns!(), " FROM targets \
        WHERE symbol = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
    /// `?1` account, `?2` from, `?3` to: by when they were made.
    TARGETS_MADE = concat!("SELECT ", target_columns!(), " FROM targets \
        WHERE account = ?1 AND made_at >= ?2 AND made_at < ?3 ORDER BY made_at");
    /// `?1` account, `?2` from, `?3` to: by when they were over.
    TARGETS_OVER = concat!("SELECT ", target_columns!(), " FROM targets \
        WHERE account = ?1 AND over_at >= ?2 AND over_at < ?3 ORDER BY over_at");
    /// `?1` before time, `?2` at most: the newest changes over all accounts.
    TARGETS_NEWEST = concat!("SELECT ", target_columns!(), " FROM targets \
        WHERE changed_at < ?1 ORDER BY changed_at DESC LIMIT ?2");
    /// `?1` target: its trail, oldest first.
    TARGET_CHANGES = "SELECT seq, at, was, state, why, confidence, permit, opens_at, epoch \
        FROM target_changes WHERE target = ?1 ORDER BY seq";
    /// `?1` account, `?2` from, `?3` to.
    TARGET_CHANGES_OF_ACCOUNT = "SELECT seq, at, target, symbol, was, state, why, confidence, \
        permit, epoch FROM target_changes WHERE account = ?1 AND at >= ?2 AND at < ?3 ORDER BY at";

    /// `?1` symbol, `?2` from, `?3` to.
    PATTERNS_BY_SYMBOL = "SELECT seq, at, pattern, confidence, uncalibrated, opens_at, evidence \
        FROM patterns WHERE symbol = ?1 AND at >= ?2 AND at < ?3 ORDER BY at DESC";
    /// `?1` symbol, `?2` at most: those above 70 of 100, newest first.
    PATTERNS_SURE = "SELECT seq, at, pattern, confidence, uncalibrated, opens_at, evidence \
        FROM patterns WHERE symbol = ?1 AND confidence > 70 ORDER BY at DESC LIMIT ?2";
    /// `?1` before record, `?2` at most.
    PATTERNS_NEWEST = "SELECT seq, at, symbol, pattern, confidence, uncalibrated, opens_at, \
        evidence FROM patterns WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
    /// `?1` symbol, `?2` at most.
    SIGNALS_BY_SYMBOL = "SELECT * FROM signals WHERE symbol = ?1 ORDER BY id DESC LIMIT ?2";
    /// `?1` status, `?2` before id, `?3` at most.
    SIGNALS_BY_STATUS = "SELECT * FROM signals WHERE execution_status = ?1 AND id < ?2 \
        ORDER BY id DESC LIMIT ?3";
    /// `?1` account, `?2` before id, `?3` at most.
    SIGNALS_BY_ACCOUNT = "SELECT * FROM signals WHERE account = ?1 AND id < ?2 \
        ORDER BY id DESC LIMIT ?3";
    /// `?1` symbol, `?2` at most.
    LISTINGS_BY_SYMBOL = "SELECT * FROM listings WHERE symbol = ?1 ORDER BY id DESC LIMIT ?2";
    /// `?1` from, `?2` to, by planned opening.
    LISTINGS_OPENING = "SELECT * FROM listings WHERE opens_at >= ?1 AND opens_at < ?2 \
        ORDER BY opens_at";

    /// `?1` target.
    PERMITS_OF_TARGET = "SELECT * FROM permits WHERE target = ?1 ORDER BY id";
    /// `?1` account, `?2` before id, `?3` at most.
    PERMITS_OF_ACCOUNT = "SELECT * FROM permits WHERE account = ?1 AND id < ?2 \
        ORDER BY id DESC LIMIT ?3";
    /// `?1` client order id.
    ORDER = concat!("SELECT ", order_columns!(), " FROM orders WHERE client_order_id = ?1");
    /// `?1` target, oldest first.
    ORDERS_OF_TARGET = concat!("SELECT ", order_columns!(), " FROM orders \
        WHERE target = ?1 ORDER BY seq");
    /// `?1` symbol, `?2` before record, `?3` at most.
    ORDERS_BY_SYMBOL = concat!("SELECT ", order_columns!(), " FROM orders \
        WHERE symbol = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3");
    /// `?1` account, `?2` state, `?3` before record, `?4` at most.
    ORDERS_BY_STATE = concat!("SELECT ", order_columns!(), " FROM orders \
        WHERE account = ?1 AND state = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4");
    /// `?1` account, `?2` from, `?3` to, by when they were placed.
    ORDERS_OF_ACCOUNT = concat!("SELECT ", order_columns!(), " FROM orders \
        WHERE account = ?1 AND placed_at >= ?2 AND placed_at < ?3 ORDER BY placed_at");
    /// `?1` before record, `?2` at most: those that have not ended.
    ORDERS_ALIVE = concat!("SELECT ", order_columns!(), " FROM orders \
        WHERE ended_seq IS NULL AND seq < ?1 ORDER BY seq DESC LIMIT ?2");
    /// `?1` client order id, oldest first.
    FILLS_OF_ORDER = concat!("SELECT ", fill_columns!(), " FROM fills \
        WHERE client_order_id = ?1 ORDER BY seq");
    /// `?1` target, oldest first.
    FILLS_OF_TARGET = concat!("SELECT ", fill_columns!(), " FROM fills \
        WHERE target = ?1 ORDER BY seq");
    /// `?1` symbol, `?2` from, `?3` to.
    FILLS_BY_SYMBOL = concat!("SELECT ", fill_columns!(), " FROM fills \
        WHERE symbol = ?1 AND at >= ?2 AND at < ?3 ORDER BY at");
    /// `?1` account, `?2` from, `?3` to.
    FILLS_OF_ACCOUNT = concat!("SELECT ", fill_columns!(), " FROM fills \
        WHERE account = ?1 AND at >= ?2 AND at < ?3 ORDER BY at");

    /// `?1` account: those that are open.
    POSITIONS_OPEN = concat!("SELECT ", position_columns!(), " FROM positions \
        WHERE account = ?1 AND closed IS NULL ORDER BY target");
    /// `?1` target.
    POSITION = concat!("SELECT ", position_columns!(), " FROM positions WHERE target = ?1");
    /// `?1` symbol, `?2` before target, `?3` at most.
    POSITIONS_BY_SYMBOL = concat!("SELECT ", position_columns!(), " FROM positions \
        WHERE symbol = ?1 AND target < ?2 ORDER BY target DESC LIMIT ?3");
    /// `?1` account, `?2` from, `?3` to, by when they were opened.
    POSITIONS_OF_ACCOUNT = concat!("SELECT ", position_columns!(), " FROM positions \
        WHERE account = ?1 AND opened_at >= ?2 AND opened_at < ?3 ORDER BY opened_at");
    /// `?1` target.
    EXECUTION = "SELECT * FROM executions WHERE target = ?1";
    /// `?1` symbol, `?2` at most.
    EXECUTIONS_BY_SYMBOL = "SELECT * FROM executions WHERE symbol = ?1 \
        ORDER BY target DESC LIMIT ?2";
    /// `?1` account, `?2` from, `?3` to, by when the first order left.
    EXECUTIONS_OF_ACCOUNT = "SELECT * FROM executions WHERE account = ?1 \
        AND actual_execution_at >= ?2 AND actual_execution_at < ?3 ORDER BY actual_execution_at";

    /// `?1` day since the epoch.
    DAY = "SELECT account, day, symbol, quote, orders, buys, sells, bought, sold, bought_qty, \
        sold_qty, fees_quote, fees_base, unvalued_fees, realised FROM daily_results \
        WHERE day = ?1 ORDER BY day, account, symbol";
    /// `?1` account, `?2` from day, `?3` to day.
    DAYS_OF_ACCOUNT = "SELECT account, day, symbol, quote, orders, buys, sells, bought, sold, \
        bought_qty, sold_qty, fees_quote, fees_base, unvalued_fees, realised FROM daily_results \
        WHERE account = ?1 AND day >= ?2 AND day < ?3 ORDER BY day, symbol";

    /// `?1` component.
    STATE = "SELECT * FROM system_state WHERE component = ?1";
    /// `?1` the first component: all from there on, `''` for all.
    STATES = "SELECT * FROM system_state WHERE component >= ?1 ORDER BY component";
    /// `?1` before epoch, `?2` at most.
    RUNS = "SELECT * FROM runs WHERE epoch < ?1 ORDER BY epoch DESC LIMIT ?2";
    /// `?1` symbol, `?2` before record, `?3` at most.
    RISK_BY_SYMBOL = "SELECT * FROM risk_events WHERE symbol = ?1 AND seq < ?2 \
        ORDER BY seq DESC LIMIT ?3";
    /// `?1` target, `?2` at most.
    RISK_OF_TARGET = "SELECT * FROM risk_events WHERE target = ?1 ORDER BY seq DESC LIMIT ?2";
    /// `?1` account, `?2` before record, `?3` at most.
    RISK_OF_ACCOUNT = "SELECT * FROM risk_events WHERE account = ?1 AND seq < ?2 \
        ORDER BY seq DESC LIMIT ?3";
    /// `?1` before record, `?2` at most.
    RISK_NEWEST = "SELECT * FROM risk_events WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
    /// `?1` after record: what nobody who acknowledged up to there has seen, oldest first.
    ALERTS_AFTER = "SELECT * FROM alerts WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    /// `?1` before record, `?2` at most.
    ALERTS_NEWEST = "SELECT * FROM alerts WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
    /// `?1` symbol, `?2` before record, `?3` at most.
    ALERTS_BY_SYMBOL = "SELECT * FROM alerts WHERE symbol = ?1 AND seq < ?2 \
        ORDER BY seq DESC LIMIT ?3";
    /// `?1` account, `?2` before record, `?3` at most.
    ALERTS_OF_ACCOUNT = "SELECT * FROM alerts WHERE account = ?1 AND seq < ?2 \
        ORDER BY seq DESC LIMIT ?3";
    /// `?1` before record, `?2` at most.
    AUDIT_NEWEST = "SELECT * FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
    /// `?1` action, `?2` before record, `?3` at most.
    AUDIT_BY_ACTION = "SELECT * FROM audit WHERE action = ?1 AND seq < ?2 \
        ORDER BY seq DESC LIMIT ?3";
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use rusqlite::types::Null;

    use super::*;
    use crate::schema::{MIGRATIONS, migrate};

    /// What SQLite would do, step by step.
    fn plan(query: &Query) -> Vec<String> {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, 0, MIGRATIONS).unwrap();
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql)).unwrap();
        let count = statement.parameter_count();
        let nothing = vec![Null; count];
        let params = rusqlite::params_from_iter(nothing);
        let steps = statement.query_map(params, |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn every_question_finds_its_rows_by_an_index_and_in_its_order() {
        for query in ALL {
            let plan = plan(query);
            assert!(!plan.is_empty(), "{}", query.name);
            for step in &plan {
                assert!(step.starts_with("SEARCH"), "{} does: {plan:?}", query.name);
            }
        }
    }

    #[test]
    fn a_question_that_reads_everything_or_sorts_is_found_out() {
        let scan = Query { name: "scan", sql: "SELECT * FROM orders WHERE code = 1" };
        assert!(plan(&scan)[0].starts_with("SCAN"));
        let sort =
            Query { name: "sort", sql: "SELECT * FROM fills WHERE account = 1 ORDER BY qty" };
        assert!(plan(&sort).iter().any(|step| step.starts_with("USE TEMP B-TREE")));
    }

    #[test]
    fn sure_patterns_are_found_by_their_own_index() {
        assert!(plan(&PATTERNS_SURE)[0].contains("patterns_sure"), "{:?}", plan(&PATTERNS_SURE));
        assert!(plan(&ORDERS_ALIVE)[0].contains("orders_alive"), "{:?}", plan(&ORDERS_ALIVE));
        assert!(plan(&POSITIONS_OPEN)[0].contains("positions_open"));
    }
}
