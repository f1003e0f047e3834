-- Money, prices and quantities are decimal text, exact; times are nanoseconds since the Unix epoch
-- in the exchange's clock; seq is the number of the journal record that a row comes from.

CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE runs (
    epoch INTEGER PRIMARY KEY, instance TEXT NOT NULL, seq INTEGER NOT NULL, started_at INTEGER,
    wall_at INTEGER, machine_boot TEXT NOT NULL, build TEXT NOT NULL, mode TEXT, operator TEXT,
    config TEXT, ended_seq INTEGER, ended_at INTEGER, ended TEXT
);

CREATE TABLE symbols (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, base TEXT NOT NULL, quote TEXT NOT NULL,
    base_asset INTEGER NOT NULL, quote_asset INTEGER NOT NULL, price_decimals INTEGER,
    qty_decimals INTEGER, source INTEGER, followed INTEGER NOT NULL
);

CREATE TABLE assets (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

CREATE TABLE listings (
    id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, coin TEXT, state TEXT NOT NULL, opens_at INTEGER,
    opens_by TEXT, sts INTEGER, st INTEGER, tt INTEGER, price_scale INTEGER, qty_scale INTEGER,
    api_allowed INTEGER, first_at INTEGER, last_at INTEGER, last_seq INTEGER NOT NULL
);
CREATE INDEX listings_symbol ON listings (symbol, id);
CREATE INDEX listings_opening ON listings (opens_at);

CREATE TABLE patterns (
    seq INTEGER PRIMARY KEY, at INTEGER, symbol TEXT NOT NULL, pattern TEXT NOT NULL,
    confidence INTEGER NOT NULL, uncalibrated INTEGER NOT NULL, opens_at INTEGER,
    evidence TEXT NOT NULL
);
CREATE INDEX patterns_symbol ON patterns (symbol, at);
CREATE INDEX patterns_sure ON patterns (symbol, at DESC) WHERE confidence > 70;

CREATE TABLE signals (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, account INTEGER, symbol TEXT NOT NULL,
    pattern TEXT NOT NULL, confidence INTEGER NOT NULL, sightings INTEGER NOT NULL,
    first_at INTEGER, last_at INTEGER, last_seq INTEGER NOT NULL, execution_status TEXT NOT NULL,
    execution_reason TEXT, execution_attempts INTEGER NOT NULL, execution_scheduled_at INTEGER,
    executed_at INTEGER, target INTEGER, closed INTEGER NOT NULL
);
CREATE INDEX signals_symbol ON signals (symbol, id);
CREATE INDEX signals_status ON signals (execution_status, id);
CREATE INDEX signals_account ON signals (account, id);
CREATE INDEX signals_open ON signals (symbol, id) WHERE closed = 0;

CREATE TABLE targets (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL, state TEXT NOT NULL,
    why TEXT, pattern TEXT NOT NULL, confidence INTEGER NOT NULL, opens_at INTEGER, permit INTEGER,
    signal INTEGER, entry TEXT NOT NULL, exit TEXT NOT NULL, error TEXT, epoch INTEGER NOT NULL, made_at INTEGER,
    made_seq INTEGER NOT NULL, changed_at INTEGER, changed_seq INTEGER NOT NULL, over_at INTEGER
);
CREATE INDEX targets_status ON targets (account, state, id);
CREATE INDEX targets_symbol ON targets (symbol, id);
CREATE INDEX targets_made ON targets (account, made_at);
CREATE INDEX targets_over ON targets (account, over_at);
CREATE INDEX targets_newest ON targets (changed_at);

CREATE TABLE target_changes (
    seq INTEGER PRIMARY KEY, at INTEGER, target INTEGER NOT NULL, account INTEGER NOT NULL,
    symbol TEXT NOT NULL, was TEXT, state TEXT NOT NULL, why TEXT, confidence INTEGER NOT NULL,
    permit INTEGER, opens_at INTEGER, epoch INTEGER NOT NULL
);
CREATE INDEX target_changes_target ON target_changes (target, seq);
CREATE INDEX target_changes_account ON target_changes (account, at);

CREATE TABLE permits (
    id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER, target INTEGER NOT NULL,
    account INTEGER NOT NULL, symbol TEXT NOT NULL, coin TEXT, side TEXT NOT NULL,
    mode TEXT NOT NULL, notional_max TEXT NOT NULL, price_max TEXT, reference TEXT NOT NULL,
    reference_price TEXT, valid_from INTEGER, valid_to INTEGER, orders_max INTEGER NOT NULL, plugin TEXT NOT NULL,
    config TEXT NOT NULL, operator TEXT NOT NULL, revoked_seq INTEGER, revoked_at INTEGER
);
CREATE INDEX permits_target ON permits (target, id);
CREATE INDEX permits_account ON permits (account, id);

CREATE TABLE orders (
    seq INTEGER PRIMARY KEY, client_order_id TEXT NOT NULL, target INTEGER,
    permit INTEGER NOT NULL, account INTEGER NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
    kind TEXT, leg TEXT NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL, price TEXT,
    qty TEXT NOT NULL, filled TEXT NOT NULL, state TEXT NOT NULL, reply TEXT NOT NULL,
    code INTEGER, http INTEGER, message TEXT, venue_order TEXT, placed_at INTEGER,
    sent_at INTEGER, answered_at INTEGER, first_fill_at INTEGER, cancel_asked_at INTEGER,
    cancel_sent_at INTEGER, ended_at INTEGER, ended_seq INTEGER
);
CREATE UNIQUE INDEX orders_client ON orders (client_order_id);
CREATE INDEX orders_target ON orders (target, seq);
CREATE INDEX orders_symbol ON orders (symbol, seq);
CREATE INDEX orders_status ON orders (account, state, seq);
CREATE INDEX orders_placed ON orders (account, placed_at);
CREATE INDEX orders_alive ON orders (seq) WHERE ended_seq IS NULL;

CREATE TABLE fills (
    seq INTEGER PRIMARY KEY, at INTEGER, account INTEGER NOT NULL, symbol TEXT NOT NULL,
    target INTEGER, client_order_id TEXT, venue_order TEXT, trade TEXT NOT NULL,
    trade_key BLOB NOT NULL, side TEXT NOT NULL, leg TEXT, price TEXT, qty TEXT, value TEXT,
    quote TEXT NOT NULL, fee TEXT NOT NULL, fee_asset TEXT, maker INTEGER NOT NULL,
    source TEXT NOT NULL
);
CREATE UNIQUE INDEX fills_trade ON fills (account, trade_key);
CREATE INDEX fills_order ON fills (client_order_id);
CREATE INDEX fills_target ON fills (target, seq);
CREATE INDEX fills_symbol ON fills (symbol, at);
CREATE INDEX fills_account ON fills (account, at);

CREATE TABLE positions (
    target INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL,
    quote TEXT NOT NULL, qty TEXT NOT NULL, bought TEXT NOT NULL, sold TEXT NOT NULL,
    paid TEXT NOT NULL, received TEXT NOT NULL, realised TEXT NOT NULL,
    unvalued_fees INTEGER NOT NULL, closing TEXT, by_hand TEXT, high TEXT, closed TEXT,
    opened_at INTEGER, changed_at INTEGER,
    changed_seq INTEGER NOT NULL, closed_at INTEGER
);
CREATE INDEX positions_open ON positions (account, target) WHERE closed IS NULL;
CREATE INDEX positions_symbol ON positions (symbol, target);
CREATE INDEX positions_opened ON positions (account, opened_at);

CREATE TABLE executions (
    target INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL,
    planned_at INTEGER, decided_at INTEGER, actual_execution_at INTEGER, first_fill_at INTEGER,
    attempts INTEGER NOT NULL, accepted INTEGER NOT NULL, refused INTEGER NOT NULL,
    unknown INTEGER NOT NULL, bought TEXT NOT NULL, spent TEXT NOT NULL,
    execution_status TEXT NOT NULL, changed_seq INTEGER NOT NULL
);
CREATE INDEX executions_account ON executions (account, actual_execution_at);
CREATE INDEX executions_symbol ON executions (symbol, target);

CREATE TABLE daily_results (
    account INTEGER NOT NULL, day INTEGER NOT NULL, symbol TEXT NOT NULL, quote TEXT NOT NULL,
    orders INTEGER NOT NULL, buys INTEGER NOT NULL, sells INTEGER NOT NULL, bought TEXT NOT NULL,
    sold TEXT NOT NULL, bought_qty TEXT NOT NULL, sold_qty TEXT NOT NULL, fees_quote TEXT NOT NULL,
    fees_base TEXT NOT NULL, unvalued_fees INTEGER NOT NULL, realised TEXT NOT NULL,
    changed_seq INTEGER NOT NULL, PRIMARY KEY (account, day, symbol)
) WITHOUT ROWID;
CREATE INDEX daily_results_day ON daily_results (day, account);

CREATE TABLE system_state (
    component TEXT PRIMARY KEY, account INTEGER, status TEXT NOT NULL, reason TEXT, error TEXT,
    at INTEGER, seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE risk_events (
    seq INTEGER PRIMARY KEY, at INTEGER, event TEXT NOT NULL, account INTEGER,
    symbol TEXT NOT NULL, target INTEGER, permit INTEGER, client_order_id TEXT, side TEXT,
    kind TEXT, leg TEXT, price TEXT, qty TEXT, control TEXT NOT NULL, reason TEXT NOT NULL,
    figures TEXT NOT NULL
);
CREATE INDEX risk_events_symbol ON risk_events (symbol, seq);
CREATE INDEX risk_events_target ON risk_events (target, seq);
CREATE INDEX risk_events_account ON risk_events (account, seq);

CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY, at INTEGER, kind TEXT NOT NULL, account INTEGER, symbol TEXT,
    figure INTEGER NOT NULL
);
CREATE INDEX alerts_symbol ON alerts (symbol, seq);
CREATE INDEX alerts_account ON alerts (account, seq);

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, at INTEGER, actor TEXT NOT NULL, action TEXT NOT NULL,
    account INTEGER, symbol TEXT, target INTEGER, detail TEXT NOT NULL, epoch INTEGER NOT NULL
);
CREATE INDEX audit_action ON audit (action, seq);
